#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

// The inner loops of the parser: how far a run of allowed bytes reaches. 16 bytes at a time where the machine has SSE2.
// None reads at or beyond `end`.
namespace fairlead::http {
namespace scan_internal {

enum CharacterClass : uint8_t { kTokenCharacter = 1, kFieldValueCharacter = 2, kTargetCharacter = 4 };

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool visible = c > 0x20 && c < 0x7f;
    if (alphanumeric) classes[c] |= kTokenCharacter;
    if (visible || c >= 0x80 || c == ' ' || c == '\t') classes[c] |= kFieldValueCharacter;
    if (visible && c != '#') classes[c] |= kTargetCharacter;
  }
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) classes[static_cast<uint8_t>(c)] |= kTokenCharacter;
  return classes;
}

inline constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

inline const char* SkipClass(const char* begin, const char* end, CharacterClass wanted) {
  while (begin != end && (kClasses[static_cast<uint8_t>(*begin)] & wanted) != 0) ++begin;
  return begin;
}

}  // namespace scan_internal

// The first byte that is not a tchar (RFC 9110 §5.6.2), or `end`.
inline const char* SkipToken(const char* begin, const char* end) {
#if defined(__SSE2__)
  // Letters, digits and '-' at once; the table takes over at anything else. Bytes from 0x80 are negative here.
  while (end - begin >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const __m128i letter =
        _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
    const __m128i digit =
        _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
    const __m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
    const unsigned allowed = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash));
    begin += std::countr_zero(~allowed);
    if (allowed != 0xffff) break;
  }
#endif
  return scan_internal::SkipClass(begin, end, scan_internal::kTokenCharacter);
}

// The first byte that a field value must not hold: a control character other than HTAB (RFC 9110 §5.5), or `end`.
inline const char* SkipFieldValue(const char* begin, const char* end) {
#if defined(__SSE2__)
  while (end - begin >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    const unsigned stops = _mm_movemask_epi8(_mm_or_si128(control, del));
    if (stops == 0) {
      begin += 16;
      continue;
    }
    begin += std::countr_zero(stops);
    if (*begin != '\t') return begin;
    ++begin;
  }
#endif
  return scan_internal::SkipClass(begin, end, scan_internal::kFieldValueCharacter);
}

// The first byte that a request target must not hold, or `end`: allowed is visible ASCII other than '#'. Wider than
// RFC 3986, which would refuse the '|', '"' and brackets that clients do send; none of them can end the target.
inline const char* SkipTarget(const char* begin, const char* end) {
#if defined(__SSE2__)
  while (end - begin >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    const __m128i visible = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x20));  // bytes from 0x80 are negative here
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    const __m128i fragment = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#'));
    const unsigned allowed = _mm_movemask_epi8(_mm_andnot_si128(_mm_or_si128(del, fragment), visible));
    begin += std::countr_zero(~allowed);
    if (allowed != 0xffff) return begin;
  }
#endif
  return scan_internal::SkipClass(begin, end, scan_internal::kTargetCharacter);
}

// Whether `text` is a token: one tchar or more.
inline bool IsToken(std::string_view text) {
  const char* end = text.data() + text.size();
  return !text.empty() && SkipToken(text.data(), end) == end;
}

// `text` without the optional white space (RFC 9110 §5.6.3) around it.
inline std::string_view TrimWhitespace(std::string_view text) {
  const auto is_whitespace = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_whitespace(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_whitespace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace fairlead::http
