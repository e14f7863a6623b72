#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/net/address.h"
#include "dataplane/net/socket_file.h"

namespace fairlead::net {

// Listening descriptors of one address, one for each worker; non-blocking, close-on-exec.
struct ListeningSockets {
  // As bound: with the port that the kernel chose where port 0 was asked for.
  Address address;
  std::vector<base::UniqueFd> descriptors;
  // Of a unix socket: goes with this struct, or with whoever it is moved to.
  SocketFile file;
  // Why there are no descriptors: a listener that was restored and can't be bound yet. Else empty.
  std::string error = {};

  // The workers take the descriptors out; how many there were stays.
  bool bound() const { return !descriptors.empty(); }
};

// Listens on `address` for `workers` workers (1 or more).
//
// IP: each worker has a socket of its own (SO_REUSEPORT), over which the kernel spreads connections. An address that
// any other socket of the machine listens on is refused, even one that would share it: a second proxy on the same port
// by mistake would silently take half of the connections. An IPv6 address takes no IPv4 connections, so that [::]:80
// and 0.0.0.0:80 are two listeners.
//
// unix: the workers share one socket. A file left behind by a program that ended is replaced, one that somebody listens
// on is not. The socket gets `unix_mode`.
//
// Errors: `cannot listen on 127.0.0.1:80: Address already in use`, with the code that absl::ErrnoToStatus gives;
// nothing is left open.
absl::StatusOr<ListeningSockets> Listen(const Address& address, int workers, mode_t unix_mode = 0600);

}  // namespace fairlead::net
