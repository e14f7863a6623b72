#pragma once

#include <cstdint>

#include "dataplane/http/request_limit.h"

namespace fairlead::http::h1 {

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
