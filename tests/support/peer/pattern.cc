#include "tests/support/peer/pattern.h"

#include <algorithm>
#include <array>

namespace fairlead::peer {
namespace {

// Four periods: most pieces come as one.
constexpr uint64_t kStored = 4 * kPatternPeriod;

std::array<char, kStored> MakePattern() {
  std::array<char, kStored> pattern;
  uint32_t state = 1;
  for (uint64_t i = 0; i < kPatternPeriod; ++i) {
    state = state * 1'103'515'245 + 12'345;
    pattern[i] = static_cast<char>('a' + (state >> 16) % 26);
  }
  for (uint64_t i = kPatternPeriod; i < kStored; ++i) pattern[i] = pattern[i - kPatternPeriod];
  return pattern;
}

}  // namespace

std::string_view PatternAt(uint64_t position, uint64_t length) {
  static const std::array<char, kStored> kPattern = MakePattern();
  uint64_t offset = position % kPatternPeriod;
  return {kPattern.data() + offset, std::min(length, kStored - offset)};
}

bool MatchesPattern(uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    std::string_view expected = PatternAt(position, bytes.size());
    if (bytes.substr(0, expected.size()) != expected) return false;
    position += expected.size();
    bytes.remove_prefix(expected.size());
  }
  return true;
}

}  // namespace fairlead::peer
