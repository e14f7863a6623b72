#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http {

// What is done to a path before routes are matched against it, in this order.
struct PathNormalization {
  enum class EscapedSlashes : uint8_t { kKeep, kReject, kDecode };
  EscapedSlashes escaped_slashes = EscapedSlashes::kKeep;  // "%2F" and "%5C"
  bool decode_unreserved = false;                          // "%41" becomes "A", "%c3" "%C3"
  bool merge_slashes = false;                              // "//" becomes "/"
  bool resolve_dot_segments = false;                       // "/a/./b/../c" becomes "/a/c"

  bool any() const {
    return escaped_slashes != EscapedSlashes::kKeep || decode_unreserved || merge_slashes || resolve_dot_segments;
  }
};

struct NormalizedPath {
  enum class Outcome : uint8_t { kSame, kChanged, kRefused };
  Outcome outcome = Outcome::kSame;
  const char* reason = nullptr;  // with kRefused: static text
};

// Normalizes the path of `target`, which is in origin-form: a '/' first, maybe a query behind it, which is not looked
// at. With kChanged `*normalized` is the whole new target, never longer than the old one; a path that is normal already
// costs one look at each of its bytes, and no allocation. A second time changes nothing.
//
// Refused:
//   with kReject              an escaped slash or backslash
//   with decode_unreserved    a '%' without two hexadecimal digits, and "%00"
//   with resolve_dot_segments a path that leaves the root; and what some servers take for a dot segment though RFC 3986
//   does
//                             not: "..;a", and dots between backslashes or escaped slashes ("..\", "..%2F", "..%5C").
//                             "%2e" is a dot, decoded or not (RFC 3986 §6.2.2.2).
// Each byte is decoded once: "%252e" is no dot. Bytes from 0x80 stay escaped: nothing here decodes UTF-8, overlong or
// not.
NormalizedPath NormalizePath(std::string_view target, const PathNormalization& rules, std::string* normalized);

}  // namespace fairlead::http
