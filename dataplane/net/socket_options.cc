#include "dataplane/net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "absl/status/status.h"

namespace fairlead::net {
namespace {

// Fails for unix sockets alone, which have no such option and no need of it.
void SetInt(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); }

}  // namespace

absl::StatusOr<base::UniqueFd> OpenStreamSocket(const Address& address) {
  base::UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot open a socket");
  DisableNagle(fd.get());
  return fd;
}

void DisableNagle(int fd) { SetInt(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

void EndNow(int fd, bool reset) {
  // Connecting a TCP socket to nothing disconnects it, and that of an open connection is a reset.
  const sockaddr nothing{.sa_family = AF_UNSPEC, .sa_data = {}};
  if (reset && connect(fd, &nothing, sizeof(nothing)) == 0) return;
  shutdown(fd, SHUT_RDWR);
}

void ResetOnClose(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void EnableKeepAlive(int fd, const KeepAlive& keep_alive) {
  SetInt(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive.idle_seconds);
  SetInt(fd, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive.interval_seconds);
  SetInt(fd, IPPROTO_TCP, TCP_KEEPCNT, keep_alive.probes);
  SetInt(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace fairlead::net
