#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "tests/support/origin/exchange.h"

namespace fairlead::origin {

// Answers a request in the way that its path asks for:
//
//   /status/404          that status
//   /delay/200ms         after that time
//   /chunked             chunked, in three pieces
//   /trailers            chunked, with the trailers X-First and X-Second
//   /stream/BYTES        a long body (peer/pattern.h) with Content-Length
//   /stream-chunked/BYTES, /stream-until-close/BYTES
//                        the same, framed otherwise
//   /echo                the request's body, framed alike, trailers too
//   /upload              reads the body; says {"bytes": …, "is_pattern": …}
//   /slow-read/BYTES     /upload at that many bytes a second
//   /early               answers before it reads the body, then reads it
//   /early-close         answers 413, without reading the body, and closes
//   /1xx                 a 103 with a Link field comes first
//   /refuse-expect       417 to Expect: 100-continue; else as /upload
//   /headers             the request's head, as it came
//   /close, /close-quietly
//                        closes after the response; says so beforehand, or not
//   /drop, /reset        closes (resets) without an answer
//   /cut/BYTES           closes after that many bytes of a body twice as long
//   anything else        `default_body`
//
// An error means that the connection is of no more use: DATA_LOSS and DEADLINE_EXCEEDED when the other side broke off,
// INVALID_ARGUMENT when it sent what it should not.
absl::Status Behave(Exchange& exchange, std::string_view default_body);

}  // namespace fairlead::origin
