#pragma once

#include "dataplane/net/address.h"
#include "dataplane/proxy/listener_state.h"

namespace fairlead::proxy {

// Who is at the other end of a client's connection, and by which way it came. Owned by the connection, outlives its
// exchanges; on the worker's thread alone.
struct Client {
  ListenerState* listener;
  net::Address address;  // of the peer; without a path for unix sockets
};

}  // namespace fairlead::proxy
