#include "dataplane/base/utf8.h"

namespace fairlead::base {

namespace {

bool InRange(char c, unsigned char low, unsigned char high) {
  const auto byte = static_cast<unsigned char>(c);
  return low <= byte && byte <= high;
}

}  // namespace

size_t Utf8CharacterSize(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  // The range of the second byte shuts out overlong forms, surrogates and what is too large (RFC 3629 §4).
  size_t size = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    size = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    size = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    size = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  if (size == 0 || text.size() < size || !InRange(text[1], low, high)) return 0;
  for (size_t i = 2; i < size; ++i) {
    if (!InRange(text[i], 0x80, 0xbf)) return 0;
  }
  return size;
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace fairlead::base
