#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/identity/peer.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"

namespace fairlead::control {

// The address in what gRPC says of a peer (grpc::ServerContext::peer): "127.0.0.1:80" for "ipv4:127.0.0.1:80",
// "[::1]:80" for "ipv6:%5B::1%5D:80". Empty for a unix socket's client, and whatever else there may be.
std::string PeerAddress(std::string_view uri);

// The token in a field `authorization: Bearer TOKEN` (RFC 6750 §2.1); none in another.
std::optional<std::string_view> BearerToken(std::string_view authorization);

// The certificate that gRPC has verified, if there is one.
void AddCertificate(const grpc::AuthContext& context, identity::Peer& peer);

// Who opened a stream on our gRPC server; `unix_uid`, of which gRPC says nothing, is of those who dialled a unix
// socket.
identity::Peer PeerOf(const grpc::CallbackServerContext& context, std::optional<uint32_t> unix_uid);

}  // namespace fairlead::control
