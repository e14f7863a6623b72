#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::api {

// How the scalars of the proto3 JSON mapping are read from text. Each function takes the whole text or gives nullopt;
// none takes spaces around it.

// A whole number in decimal digits without leading zeros ("010" is eight to some readers). Also "1e3" and "5.0", as the
// mapping asks, up to 2^53.
std::optional<int64_t> ParseSigned(std::string_view text);
std::optional<uint64_t> ParseUnsigned(std::string_view text);

// Digits with or without a fraction and an exponent; "Infinity", "-Infinity", "NaN".
std::optional<double> ParseDouble(std::string_view text);

// Standard or URL-safe base64, padded or not.
std::optional<std::string> ParseBase64(std::string_view text);

struct DurationParts {
  int64_t seconds = 0;
  // Has the sign of the whole.
  int32_t nanos = 0;
};
// "5s", "0.25s", as the mapping has it, and for convenience "250ms", "1m", "24h". One unit; at most 9 digits after the
// point; up to 10,000 years either way.
std::optional<DurationParts> ParseDuration(std::string_view text);

// The shortest of the forms above that ParseDuration reads back as the same: "5s", "250ms", "1.5s".
std::string FormatDuration(DurationParts duration);

// The shortest form that ParseDouble reads back as the same.
std::string FormatDouble(double value);
std::string FormatFloat(float value);

}  // namespace fairlead::api
