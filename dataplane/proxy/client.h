#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/net/address.h"
#include "dataplane/net/proxy_protocol.h"
#include "dataplane/net/source_counts.h"
#include "dataplane/proxy/client_tls.h"
#include "dataplane/proxy/listener_state.h"

namespace fairlead::proxy {

// The PROXY header that a connection began with, and who sent it.
struct ReceivedProxyHeader {
  net::ProxyHeader header;
  net::Address peer;
};

// Who is at the other end of a client's connection, and by which way it came. Owned by the connection, outlives its
// exchanges; on the worker's thread alone.
struct Client {
  ListenerState* listener;
  // Of the peer, or what its PROXY header says; without a path for most unix sockets.
  net::Address address;
  // The connection's descriptor, for its own address.
  int fd = -1;
  net::SourceCounts::Entry source = net::SourceCounts::kUntracked;
  // Null where the listener expects none.
  std::unique_ptr<const ReceivedProxyHeader> received = nullptr;
  std::unique_ptr<const ClientTls> tls = nullptr;  // null: it speaks in the clear

  // That it has shown, verified; null: none.
  const tls::PeerCertificate* certificate() const {
    return tls != nullptr && tls->certificate.has_value() ? &*tls->certificate : nullptr;
  }
  // Null where the handshake is over, or there is none.
  EarlyData* early_data() const {
    return tls != nullptr && tls->early != nullptr && !tls->early->over() ? tls->early.get() : nullptr;
  }
  std::string_view scheme() const { return tls == nullptr ? "http" : "https"; }
  // Whose connection it is, whatever it says.
  const net::Address& peer() const { return received == nullptr ? address : received->peer; }
};

}  // namespace fairlead::proxy
