#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/net/address.h"
#include "dataplane/net/proxy_protocol.h"
#include "dataplane/net/source_counts.h"
#include "dataplane/proxy/listener_state.h"

namespace fairlead::proxy {

// Who is at the other end of a client's connection, and by which way it came. Owned by the connection, outlives its
// exchanges; on the worker's thread alone.
struct Client {
  ListenerState* listener;
  // Of the peer, or what its PROXY header says; without a path for most unix sockets.
  net::Address address;
  // The connection's descriptor, for its own address.
  int fd = -1;
  net::SourceCounts::Entry source = net::SourceCounts::kUntracked;
  // Where the listener expects one: what the connection began with.
  std::unique_ptr<const net::ProxyHeader> proxy_header = nullptr;
};

}  // namespace fairlead::proxy
