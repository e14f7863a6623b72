#include "dataplane/routing/query_parameters.h"

namespace fairlead::routing {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes the first byte that `encoded`, which is not empty, stands for.
char TakeDecoded(std::string_view& encoded) {
  const char c = encoded.front();
  if (c == '%' && encoded.size() >= 3) {
    const int high = HexDigit(encoded[1]);
    const int low = HexDigit(encoded[2]);
    if (high >= 0 && low >= 0) {
      encoded.remove_prefix(3);
      return static_cast<char>(high << 4 | low);
    }
  }
  encoded.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

}  // namespace

bool DecodesTo(std::string_view encoded, std::string_view text) {
  if (encoded.size() < text.size() || encoded.size() > 3 * text.size()) return false;
  for (const char c : text) {
    if (encoded.empty() || TakeDecoded(encoded) != c) return false;
  }
  return encoded.empty();
}

std::string DecodeParameter(std::string_view encoded) {
  std::string decoded;
  decoded.reserve(encoded.size());
  while (!encoded.empty()) decoded.push_back(TakeDecoded(encoded));
  return decoded;
}

}  // namespace fairlead::routing
