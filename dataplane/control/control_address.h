#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "dataplane/net/address.h"

namespace fairlead::control {

// Where control is listened for, or dialled: "IP:port", "localhost:port" (which is 127.0.0.1) or "unix:/path". Beyond
// loopback, control would need mTLS, which this version does not do yet: refused. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<net::Address> ParseControlAddress(std::string_view text);

// As gRPC names it.
std::string ToGrpcTarget(const net::Address& address);

}  // namespace fairlead::control
