#include "dataplane/net/unix_peer.h"

#include <sys/socket.h>

namespace fairlead::net {

std::optional<uint32_t> UnixPeerUid(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  // Of other sockets the kernel tells nobody's id, but no error.
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) return std::nullopt;
  ucred credentials = {};
  size = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return credentials.uid;
}

}  // namespace fairlead::net
