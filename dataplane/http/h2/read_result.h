#pragma once

#include <cstdint>

#include "dataplane/http/request_limit.h"

namespace fairlead::http::h2 {

// What a reader made of a header block.
struct ReadResult {
  enum class Outcome : uint8_t {
    kDone,
    kMalformed,  // a stream error of type PROTOCOL_ERROR (RFC 9113 §8.1.1)
    kRefused,    // well-formed, but not what this proxy takes: requests are answered with `status`
  };

  static ReadResult Malformed(const char* reason) {
    return {.outcome = Outcome::kMalformed, .status = 400, .reason = reason};
  }
  static ReadResult Refused(uint16_t status, const char* reason, RequestLimit limit = RequestLimit::kNone) {
    return {.outcome = Outcome::kRefused, .limit = limit, .status = status, .reason = reason};
  }
  bool done() const { return outcome == Outcome::kDone; }

  Outcome outcome = Outcome::kDone;
  RequestLimit limit = RequestLimit::kNone;  // with kRefused: the one that was exceeded
  uint16_t status = 0;                       // with kMalformed 400, the status that says as much in HTTP/1
  const char* reason = nullptr;              // unless kDone: static text for the access log
};

}  // namespace fairlead::http::h2
