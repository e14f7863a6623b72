#pragma once

#include <string>
#include <string_view>

namespace fairlead::control {

// The address in what gRPC says of a peer (grpc::ServerContext::peer): "127.0.0.1:80" for "ipv4:127.0.0.1:80",
// "[::1]:80" for "ipv6:%5B::1%5D:80". Empty for a unix socket's client, and whatever else there may be.
std::string PeerAddress(std::string_view uri);

}  // namespace fairlead::control
