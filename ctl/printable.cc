#include "ctl/printable.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "api/yaml/concat.h"
#include "api/yaml/utf8.h"

namespace fairlead::ctl {
namespace {

// C0, DEL, and C1, which is U+0080 to U+009F: 0xC2 and the byte itself.
bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

std::string TwoUnits(uint64_t large, std::string_view large_unit, uint64_t small, std::string_view small_unit) {
  return small == 0 ? api::Concat(large, large_unit) : api::Concat(large, large_unit, small, small_unit);
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const size_t length = api::Utf8Length(text);
    const std::string_view character = text.substr(0, std::max<size_t>(length, 1));
    if (length == 0 || IsControl(character)) {
      absl::StrAppendFormat(&printable, "\\x%02x", static_cast<unsigned char>(character.back()));
    } else {
      printable += character;
    }
    text.remove_prefix(character.size());
  }
  return printable;
}

size_t Columns(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string PrintableSpan(uint64_t milliseconds) {
  const uint64_t seconds = milliseconds / 1000;
  if (seconds == 0) return api::Concat(milliseconds, "ms");
  if (seconds < 60) return api::Concat(seconds, "s");
  const uint64_t minutes = seconds / 60;
  if (minutes < 60) return TwoUnits(minutes, "m", seconds % 60, "s");
  const uint64_t hours = minutes / 60;
  if (hours < 24) return TwoUnits(hours, "h", minutes % 60, "m");
  return TwoUnits(hours / 24, "d", hours % 24, "h");
}

std::string PrintableTime(int64_t milliseconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(milliseconds), absl::UTCTimeZone());
}

}  // namespace fairlead::ctl
