#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "dataplane/net/address.h"

namespace fairlead::control {

// Where control is listened for, or dialled: "IP:port", "localhost:port" (which is 127.0.0.1) or "unix:/path".
// INVALID_ARGUMENT says what is wrong; so are addresses beyond loopback without mTLS.
absl::StatusOr<net::Address> ParseControlAddress(std::string_view text, bool has_mutual_tls);

// Unix sockets, whose files have their own permissions, do without it.
inline bool WantsTls(const net::Address& address) { return address.family() != AF_UNIX; }

// As gRPC names it.
std::string ToGrpcTarget(const net::Address& address);

}  // namespace fairlead::control
