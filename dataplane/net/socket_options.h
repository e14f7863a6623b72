#pragma once

#include "absl/status/statusor.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/net/address.h"

namespace fairlead::net {

// A stream socket for connecting to `address`: non-blocking, close-on-exec, and without Nagle's delay. Errors: as
// socket has them, RESOURCE_EXHAUSTED without descriptors.
absl::StatusOr<base::UniqueFd> OpenStreamSocket(const Address& address);

// Sends small pieces at once (TCP_NODELAY). The proxy gathers what belongs together itself. Nothing for unix sockets.
void DisableNagle(int fd);

// Probes of the kernel for a peer that vanished without a word.
struct KeepAlive {
  int idle_seconds = 60;      // silence before the first probe
  int interval_seconds = 10;  // between probes
  int probes = 3;             // unanswered ones that end the connection, with ETIMEDOUT
};

// Ends a connection whose descriptor is to be closed, maybe later: the peer hears of it before this returns (on another
// machine: the packet is on its way), in order, or by a reset. Unix sockets know no reset.
void EndNow(int fd, bool reset);

// Closing the descriptor will reset the connection, whatever was sent and has not arrived. Nothing for unix sockets.
void ResetOnClose(int fd);

// Nothing for unix sockets.
void EnableKeepAlive(int fd, const KeepAlive& keep_alive);

}  // namespace fairlead::net
