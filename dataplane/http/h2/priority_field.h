#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::http::h2 {

// What a Priority field says (RFC 9218 §4).
struct Priority {
  uint8_t urgency = 3;  // 0, the most urgent, to 7
  bool incremental = false;

  friend bool operator==(const Priority&, const Priority&) = default;
};

// Reads a Priority field, a dictionary of structured fields (RFC 8941 §3.2). What is unknown, out of range or of
// another type is ignored (RFC 9218 §4); of a member that comes twice the last counts. A field that is no dictionary
// says nothing.
Priority ParsePriority(std::string_view value);

}  // namespace fairlead::http::h2
