#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Writing into room that the caller has: each writes at `out` and returns the end of what it wrote.
namespace fairlead::http::h1 {

// Digits of the largest uint64_t.
inline constexpr size_t kMaxDecimalDigits = 20;

inline char* Append(char* out, std::string_view text) {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());  // an empty one may have no address
  return out + text.size();
}

// A literal, of a size known to the compiler.
template <size_t kSize>
inline char* Append(char* out, const char (&literal)[kSize]) {
  std::memcpy(out, literal, kSize - 1);
  return out + kSize - 1;
}

inline char* AppendDecimal(char* out, uint64_t number) {
  return std::to_chars(out, out + kMaxDecimalDigits, number).ptr;
}

inline char* AppendField(char* out, std::string_view name, std::string_view value) {
  out = Append(out, name);
  out = Append(out, ": ");
  out = Append(out, value);
  return Append(out, "\r\n");
}

}  // namespace fairlead::http::h1
