#pragma once

#include "dataplane/net/address.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/listener_state.h"

namespace fairlead::proxy {

// Takes over a descriptor that came by `listener`, which outlives the connection, and serves what is spoken there. Call
// within a turn's scope.
void AcceptClient(Environment* environment, ListenerState* listener, int fd, net::Address peer);

}  // namespace fairlead::proxy
