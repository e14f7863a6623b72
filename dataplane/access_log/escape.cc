#include "dataplane/access_log/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/base/utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

namespace fairlead::access_log {
namespace {

constexpr std::string_view kCut = "\u2026";
static_assert(kCut.size() == kMinEscapedRoom);
constexpr char kHexDigits[] = "0123456789abcdef";

constexpr bool IsPlain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0; c < 256; ++c) plain[c] = IsPlain(static_cast<char>(c));
  return plain;
}();

#if defined(__SSE2__)
// A bit for each byte that is not plain.
unsigned SpecialBits(__m128i bytes) {
  const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));  // and all from 0x80 on, which are negative here
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, quote), _mm_or_si128(backslash, del)));
}

template <typename Word>
long long Load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}
#endif

// Whether all of it may stay as it is, as nearly all texts may; a dozen instructions for a short one.
bool AllPlain(std::string_view text) {
  const char* cursor = text.data();
  const char* const end = cursor + text.size();
#if defined(__SSE2__)
  // What is left at the end is looked at with bytes in front of it for a second time.
  if (text.size() >= 16) {
    unsigned special = 0;
    for (; end - cursor > 16; cursor += 16) {
      special |= SpecialBits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(cursor)));
    }
    return (special | SpecialBits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(end - 16)))) == 0;
  }
  if (text.size() >= 8) return SpecialBits(_mm_set_epi64x(Load<int64_t>(cursor), Load<int64_t>(end - 8))) == 0;
  if (text.size() >= 4) {
    const long long both = Load<uint32_t>(cursor) | Load<int32_t>(end - 4) << 32;
    return SpecialBits(_mm_set1_epi64x(both)) == 0;
  }
#endif
  bool plain = true;
  for (; cursor != end; ++cursor) plain &= kPlain[static_cast<unsigned char>(*cursor)];
  return plain;
}

// How many bytes, from the first on, may stay as they are.
size_t PlainPrefix(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* cursor = begin;
#if defined(__SSE2__)
  for (; end - cursor >= 16; cursor += 16) {
    const unsigned special = SpecialBits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(cursor)));
    if (special != 0) return cursor - begin + std::countr_zero(special);
  }
#endif
  while (cursor != end && kPlain[static_cast<unsigned char>(*cursor)]) ++cursor;
  return cursor - begin;
}

// The code point of a character of two or three bytes; 0 of four, none of which does harm.
uint32_t CodePoint(std::string_view character) {
  const auto low_bits = [&](size_t i, uint32_t mask) { return static_cast<unsigned char>(character[i]) & mask; };
  if (character.size() == 2) return low_bits(0, 0x1f) << 6 | low_bits(1, 0x3f);
  if (character.size() == 3) return low_bits(0, 0x0f) << 12 | low_bits(1, 0x3f) << 6 | low_bits(2, 0x3f);
  return 0;
}

bool IsHarmful(uint32_t code_point) {
  return (code_point >= 0x80 && code_point < 0xa0) || (code_point >= 0x2028 && code_point <= 0x202e) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

// What one character or stray byte becomes.
struct Escape {
  void Add(std::string_view text) {
    text.copy(bytes + size, text.size());
    size += text.size();
  }
  void AddHex(unsigned value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) bytes[size++] = kHexDigits[value >> shift & 15];
  }

  char bytes[16];
  size_t size = 0;
};

Escape EscapeForJson(std::string_view character, bool is_utf8) {
  Escape escape;
  const auto first = static_cast<unsigned char>(character[0]);
  if (!is_utf8) {
    escape.Add("\\\\x");
    escape.AddHex(first, 2);
  } else if (first >= 0x80) {
    escape.Add("\\u");
    escape.AddHex(CodePoint(character), 4);
  } else if (first == '"') {
    escape.Add("\\\"");
  } else if (first == '\\') {
    escape.Add("\\\\");
  } else {
    escape.Add("\\u");
    escape.AddHex(first, 4);
  }
  return escape;
}

Escape EscapeForText(std::string_view character) {
  Escape escape;
  for (char c : character) {
    escape.Add("\\x");
    escape.AddHex(static_cast<unsigned char>(c), 2);
  }
  return escape;
}

}  // namespace

char* AppendEscaped(Escaping escaping, std::string_view text, size_t room, char* out) {
  if (text.size() <= room - kCut.size() && AllPlain(text)) {
    text.copy(out, text.size());
    return out + text.size();
  }
  char* const end = out + room - kCut.size();
  const auto append = [&](std::string_view bytes) {
    if (static_cast<size_t>(end - out) < bytes.size()) return false;
    bytes.copy(out, bytes.size());
    out += bytes.size();
    return true;
  };
  while (!text.empty()) {
    if (const size_t plain = PlainPrefix(text); plain > 0) {
      const size_t fits = std::min(plain, static_cast<size_t>(end - out));
      append(text.substr(0, fits));
      text.remove_prefix(fits);
      if (fits < plain) break;
      continue;
    }
    const size_t utf8_size = base::Utf8CharacterSize(text);
    const std::string_view character = text.substr(0, utf8_size == 0 ? 1 : utf8_size);
    if (utf8_size > 1 && !IsHarmful(CodePoint(character))) {
      if (!append(character)) break;
    } else {
      const Escape escape =
          escaping == Escaping::kJson ? EscapeForJson(character, utf8_size != 0) : EscapeForText(character);
      if (!append({escape.bytes, escape.size})) break;
    }
    text.remove_prefix(character.size());
  }
  if (text.empty()) return out;
  std::memcpy(out, kCut.data(), kCut.size());
  return out + kCut.size();
}

}  // namespace fairlead::access_log
