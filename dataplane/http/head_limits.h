#pragma once

#include <cstdint>

namespace fairlead::http {

// What a head may cost. Each limit holds for requests and responses alike unless it says otherwise.
struct HeadLimits {
  // The whole head: in HTTP/1 from the first byte of the start line to the empty line's LF; in HTTP/2 what its fields
  // take as lines of HTTP/1, pseudo-header fields included. Beyond: 431 (RFC 6585 §5).
  uint32_t max_head_bytes = 64 * 1024;
  // A request's target. Beyond: 414 (RFC 9110 §15.5.15).
  uint32_t max_target_bytes = 8 * 1024;
  // Field lines. Beyond: 431.
  uint32_t max_fields = 100;
};

}  // namespace fairlead::http
