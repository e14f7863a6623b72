#include "dataplane/tls/replay_guard.h"

#include <cstring>

namespace fairlead::tls {
namespace {

constexpr int kTimeBits = 24;
constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;

uint64_t Word(uint64_t who, int64_t now_s) { return who << kTimeBits | (static_cast<uint64_t>(now_s) & kTimeMask); }

// Whether what was let in then may still be sent again: a clock that was set back forgets nothing.
bool IsRemembered(uint64_t word, int64_t now_s) {
  if (word == 0) return false;
  const uint64_t age = (static_cast<uint64_t>(now_s) - word) & kTimeMask;
  return age <= ReplayGuard::kWindowSeconds || age >= kTimeMask - ReplayGuard::kWindowSeconds;
}

}  // namespace

ReplayGuard::ReplayGuard(int64_t blind_until_s, size_t places)
    : blind_until_s_(blind_until_s),
      sets_(places / kPlacesOfASet),
      words_(new std::atomic<uint64_t>[sets_ * kPlacesOfASet]()) {}

ReplayGuard::Verdict ReplayGuard::Admit(std::string_view random, int64_t now_s) {
  if (now_s < blind_until_s_) return Verdict::kNoRoom;
  uint64_t halves[2];
  std::memcpy(halves, random.data(), sizeof(halves));
  const uint64_t who = (halves[0] >> kTimeBits) | 1;
  std::atomic<uint64_t>* const set = &words_[halves[1] % sets_ * kPlacesOfASet];
  size_t taken = kPlacesOfASet;
  for (size_t i = 0; i < kPlacesOfASet; ++i) {
    uint64_t word = set[i].load();
    if (IsRemembered(word, now_s)) {
      if (word >> kTimeBits == who) return Verdict::kReplayed;
    } else if (taken == kPlacesOfASet && set[i].compare_exchange_strong(word, Word(who, now_s))) {
      taken = i;
    } else if (word >> kTimeBits == who && IsRemembered(word, now_s)) {
      return Verdict::kReplayed;
    }
  }
  if (taken == kPlacesOfASet) return Verdict::kNoRoom;
  // Whoever came with the same bytes at the same time and took another place sees this one, or is seen here.
  for (size_t i = 0; i < kPlacesOfASet; ++i) {
    const uint64_t word = set[i].load();
    if (i != taken && word >> kTimeBits == who && IsRemembered(word, now_s)) return Verdict::kReplayed;
  }
  return Verdict::kFresh;
}

}  // namespace fairlead::tls
