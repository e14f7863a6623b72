#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::peer {

// Small works on text. Debian's abseil is built with a string_view of its own, which takes no std::string_view.

inline std::string_view ToText(std::string_view text) { return text; }
template <std::integral Number>
std::string ToText(Number number) {
  return std::to_string(number);
}

// "a", 1, "b" → "a1b".
template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  (text.append(ToText(parts)), ...);
  return text;
}

// For ASCII, whatever the locale.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// Without spaces and tabs at both ends.
std::string_view Trim(std::string_view text);

// Printable, between quotes: as C and JSON write it.
std::string Quoted(std::string_view text);

// All of `text` as a number without sign; nothing when it is none or too large.
std::optional<uint64_t> ParseNumber(std::string_view text, int base = 10);

}  // namespace fairlead::peer
