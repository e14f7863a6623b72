#include "api/yaml/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "api/yaml/concat.h"

namespace fairlead::api {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kMaxDurationSeconds = 315'576'000'000;  // of google/protobuf/duration.proto
constexpr double kMaxExactInteger = 9007199254740992.0;   // 2^53

bool AreDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
}

bool HasLeadingZero(std::string_view digits) { return digits.size() > 1 && digits[0] == '0'; }

// Reads all of `text`, which has been found well-formed; nullopt if the value is out of range.
template <typename Number>
std::optional<Number> FromChars(std::string_view text) {
  Number value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
  return whole ? std::optional<Number>(value) : std::nullopt;
}

// Takes the sign from the front of `text`.
bool TakeMinus(std::string_view& text) {
  if (text.empty() || text[0] != '-') return false;
  text.remove_prefix(1);
  return true;
}

template <typename Integer>
std::optional<Integer> ParseInteger(std::string_view text) {
  std::string_view digits = text;
  TakeMinus(digits);
  if (AreDigits(digits)) {
    if (HasLeadingZero(digits)) return std::nullopt;
    return FromChars<Integer>(text);
  }
  const std::optional<double> value = ParseDouble(text);
  if (!value || std::trunc(*value) != *value || std::abs(*value) > kMaxExactInteger) return std::nullopt;
  if (*value < 0 && std::is_unsigned_v<Integer>) return std::nullopt;
  return static_cast<Integer>(*value);
}

// Takes a number's fraction and exponent from the front of `text`: nothing is left of it if it is well-formed.
bool IsFractionAndExponent(std::string_view text) {
  if (!text.empty() && text[0] == '.') {
    const size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end == 1) return false;
    text.remove_prefix(end);
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return AreDigits(text);
}

struct Unit {
  std::string_view name;
  int64_t nanos;
};
// "ms" before "s", which it ends with.
constexpr std::array<Unit, 4> kUnits = {
    {{"ms", 1'000'000}, {"s", kNanosPerSecond}, {"m", 60 * kNanosPerSecond}, {"h", 3600 * kNanosPerSecond}}};

const Unit* FindUnit(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (text.ends_with(unit.name)) return &unit;
  }
  return nullptr;
}

template <typename Float>
std::string FormatShortest(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), result.ptr);
}

}  // namespace

std::optional<int64_t> ParseSigned(std::string_view text) { return ParseInteger<int64_t>(text); }
std::optional<uint64_t> ParseUnsigned(std::string_view text) { return ParseInteger<uint64_t>(text); }

std::optional<double> ParseDouble(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  std::string_view rest = text;
  TakeMinus(rest);
  const size_t whole = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (whole == 0 || HasLeadingZero(rest.substr(0, whole)) || !IsFractionAndExponent(rest.substr(whole))) {
    return std::nullopt;
  }
  return FromChars<double>(text);
}

std::optional<std::string> ParseBase64(std::string_view text) {
  std::string bytes;
  const std::string encoded(text);
  if (absl::Base64Unescape(encoded, &bytes) || absl::WebSafeBase64Unescape(encoded, &bytes)) return bytes;
  return std::nullopt;
}

std::optional<DurationParts> ParseDuration(std::string_view text) {
  const Unit* unit = FindUnit(text);
  if (unit == nullptr) return std::nullopt;
  text.remove_suffix(unit->name.size());
  const bool negative = TakeMinus(text);

  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string fraction(point == std::string_view::npos ? "0" : text.substr(point + 1));
  if (!AreDigits(whole) || !AreDigits(fraction) || fraction.size() > 9) return std::nullopt;
  fraction.resize(9, '0');
  const std::optional<uint64_t> whole_units = FromChars<uint64_t>(whole);
  const std::optional<uint64_t> billionths = FromChars<uint64_t>(fraction);
  if (!whole_units || !billionths) return std::nullopt;

  absl::int128 nanos =
      absl::int128(*whole_units) * unit->nanos + absl::int128(*billionths) * unit->nanos / 1'000'000'000;
  if (nanos > absl::int128(kMaxDurationSeconds) * kNanosPerSecond) return std::nullopt;
  if (negative) nanos = -nanos;
  return DurationParts{static_cast<int64_t>(nanos / kNanosPerSecond), static_cast<int32_t>(nanos % kNanosPerSecond)};
}

std::string FormatDuration(DurationParts duration) {
  if (duration.nanos == 0) return Concat(duration.seconds, "s");
  if (duration.seconds == 0 && duration.nanos % 1'000'000 == 0) return Concat(duration.nanos / 1'000'000, "ms");
  const bool negative = duration.seconds < 0 || duration.nanos < 0;
  std::string text =
      absl::StrFormat("%s%d.%09d", negative ? "-" : "", std::abs(duration.seconds), std::abs(duration.nanos));
  text.erase(text.find_last_not_of('0') + 1);
  return text + "s";
}

std::string FormatDouble(double value) { return FormatShortest(value); }
std::string FormatFloat(float value) { return FormatShortest(value); }

}  // namespace fairlead::api
