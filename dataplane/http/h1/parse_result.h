#pragma once

#include <cstdint>

#include "dataplane/http/request_limit.h"

namespace fairlead::http::h1 {

// What a head may cost. Each limit holds for requests and responses alike unless it says otherwise.
struct HeadLimits {
  // The whole head, from the first byte of the start line to the empty line's LF. Beyond: 431 (RFC 6585 §5).
  uint32_t max_head_bytes = 64 * 1024;
  // A request's target. Beyond: 414 (RFC 9110 §15.5.15).
  uint32_t max_target_bytes = 8 * 1024;
  // Field lines. Beyond: 431.
  uint32_t max_fields = 100;
};

// What a parser made of the bytes so far.
struct ParseResult {
  enum class Outcome : uint8_t {
    kNeedMore,  // all is well, but the head has not ended
    kDone,      // the head is parsed; the body starts at head_size
    kError,     // refuse it, and close the connection: where the next message starts is unknown
  };

  static ParseResult NeedMore() { return {}; }
  static ParseResult Done(uint32_t head_size) { return {.outcome = Outcome::kDone, .head_size = head_size}; }
  static ParseResult Error(uint16_t status, const char* reason, RequestLimit limit = RequestLimit::kNone) {
    return {.outcome = Outcome::kError, .limit = limit, .status = status, .reason = reason};
  }

  Outcome outcome = Outcome::kNeedMore;
  RequestLimit limit = RequestLimit::kNone;  // with kError: the one that was exceeded
  uint16_t status = 0;                       // with kError: what to answer the client
  uint32_t head_size = 0;                    // with kDone: in bytes, the empty line included
  const char* reason = nullptr;  // with kError: static text for the access log, such as "bare LF in a field line"
};

}  // namespace fairlead::http::h1
