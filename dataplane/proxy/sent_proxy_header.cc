#include "dataplane/proxy/sent_proxy_header.h"

#include <sys/socket.h>

#include <string_view>

namespace fairlead::proxy {
namespace {

// As the client's connection, or its header, has it.
net::Address DestinationOf(const Client& client) {
  if (client.received != nullptr && client.received->header.destination.has_value()) {
    return *client.received->header.destination;
  }
  sockaddr_storage own = {};
  socklen_t length = sizeof(own);
  getsockname(client.fd, reinterpret_cast<sockaddr*>(&own), &length);
  return net::Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&own), length).value_or(net::Address());
}

}  // namespace

std::string MakeProxyHeader(config::ProxyProtocol version, const Client& client) {
  switch (version) {
    case config::ProxyProtocol::kNone:
      return {};
    case config::ProxyProtocol::kV1:
      return net::WriteProxyHeaderV1(client.address, DestinationOf(client));
    case config::ProxyProtocol::kV2:
      return net::WriteProxyHeaderV2(
          client.address, DestinationOf(client),
          client.received == nullptr ? std::string_view() : std::string_view(client.received->header.tlvs));
  }
  return {};
}

}  // namespace fairlead::proxy
