#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::access_log {

// How texts that clients and servers chose are made harmless. Either way the result is well-formed UTF-8 of one line,
// without quotes, backslashes or control characters of its own; characters beyond ASCII stay as they are, apart from
// those that are controls or change the direction of text (C1, U+2028, U+2029, U+202A to 202E, U+2066 to 2069).
enum class Escaping {
  // As in a JSON string (RFC 8259 §7). A byte that is not UTF-8 becomes "\\x" and two digits: who reads the string sees
  // \xff.
  kJson,
  // Each byte of what must not stay becomes "\x" and two digits, as in HAProxy's and nginx's logs.
  kText,
};

// Room for the mark at the end of a text that was cut.
inline constexpr size_t kMinEscapedRoom = 3;

// Writes `text` at `out`, at most `room` bytes (kMinEscapedRoom or more), and returns the end of what it wrote. A text
// that takes more than room - kMinEscapedRoom is cut, never in the middle of a character, and ends with "…". Costs
// about an instruction a byte where nothing is to be escaped.
char* AppendEscaped(Escaping escaping, std::string_view text, size_t room, char* out);

}  // namespace fairlead::access_log
