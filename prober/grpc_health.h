#pragma once

#include <string>
#include <string_view>

#include "prober/attempt.h"

namespace fairlead::prober {

// The messages of grpc.health.v1.Health/Check, as they go over HTTP/2
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): each behind a byte that says whether it is
// compressed and four of its length.

// The request's body.
std::string MakeHealthRequest(const std::string& service);

// What of a response matters.
struct HealthResponse {
  int http_status = 0;
  std::string grpc_status;   // as in the trailers; empty: none
  std::string grpc_message;  // percent-encoded
  std::string body;
};

// What to make of it.
Outcome JudgeHealthResponse(const HealthResponse& response);

}  // namespace fairlead::prober
