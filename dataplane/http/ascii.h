#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Comparisons that take 'A' for 'a' and leave all other bytes alone, whatever the locale: field names, schemes,
// options.
namespace fairlead::http {

constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

constexpr bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

// The same, and '_' for '-': servers by CGI's rules (RFC 3875 §4.1.18) see one variable for both names.
constexpr bool EqualsFolded(std::string_view name, std::string_view lower_case) {
  if (name.size() != lower_case.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if ((name[i] == '_' ? '-' : ToLower(name[i])) != lower_case[i]) return false;
  }
  return true;
}

constexpr bool StartsWithFolded(std::string_view name, std::string_view lower_case_prefix) {
  return EqualsFolded(name.substr(0, lower_case_prefix.size()), lower_case_prefix);
}

namespace ascii_internal {

// Compares as many characters as a Word has, with bit 5 set where the literal has a
// letter: that maps a letter's both cases, and nothing else, to the lower one.
template <typename Word>
inline bool WordEquals(const char* text, const char* literal) {
  std::array<char, sizeof(Word)> expected{}, case_bits{};
  for (size_t i = 0; i < sizeof(Word); ++i) {
    expected[i] = literal[i];
    case_bits[i] = literal[i] >= 'a' && literal[i] <= 'z' ? 0x20 : 0;
  }
  Word word;
  std::memcpy(&word, text, sizeof(Word));
  return (word | std::bit_cast<Word>(case_bits)) == std::bit_cast<Word>(expected);
}

}  // namespace ascii_internal

// EqualsIgnoreCase with a literal in lower case of 2 characters or more, by words instead of characters.
template <size_t kSizeWithNul>
inline bool EqualsLowerCase(std::string_view text, const char (&literal)[kSizeWithNul]) {
  constexpr size_t kSize = kSizeWithNul - 1;
  static_assert(kSize >= 2 && kSize <= 24);
  using ascii_internal::WordEquals;
  if (text.size() != kSize) return false;
  const char* const bytes = text.data();
  if constexpr (kSize >= 8) {
    for (size_t i = 0; i + 8 < kSize; i += 8) {
      if (!WordEquals<uint64_t>(bytes + i, literal + i)) return false;
    }
    return WordEquals<uint64_t>(bytes + kSize - 8, literal + kSize - 8);
  } else if constexpr (kSize >= 4) {
    return WordEquals<uint32_t>(bytes, literal) && WordEquals<uint32_t>(bytes + kSize - 4, literal + kSize - 4);
  } else {
    return WordEquals<uint16_t>(bytes, literal) && WordEquals<uint16_t>(bytes + kSize - 2, literal + kSize - 2);
  }
}

}  // namespace fairlead::http
