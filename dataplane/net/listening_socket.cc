#include "dataplane/net/listening_socket.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairlead::net {
namespace {

// Connections that wait to be accepted; the kernel caps it at net.core.somaxconn.
constexpr int kBacklog = 4096;

// Call with errno set.
absl::Status CannotListen(const Address& address) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot listen on ", address.ToString()));
}

base::UniqueFd OpenSocket(int family) {
  return base::UniqueFd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool Enable(const base::UniqueFd& fd, int level, int option) {
  const int on = 1;
  return setsockopt(fd.get(), level, option, &on, sizeof(on)) == 0;
}

enum class Sharing { kAlone, kWithOtherWorkers };

// An IP socket bound to `address`; not valid, with errno set, where that fails.
base::UniqueFd BindIp(const Address& address, Sharing sharing) {
  base::UniqueFd fd = OpenSocket(address.family());
  // SO_REUSEADDR: connections of an earlier listener that are still ending do not count.
  const bool bound = fd.valid() && Enable(fd, SOL_SOCKET, SO_REUSEADDR) &&
                     (sharing == Sharing::kAlone || Enable(fd, SOL_SOCKET, SO_REUSEPORT)) &&
                     (address.family() != AF_INET6 || Enable(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
                     bind(fd.get(), address.get(), address.length()) == 0;
  return bound ? std::move(fd) : base::UniqueFd();
}

// Whoever connects to it hears nothing, and asks again a second later.
void TakeNobody(const base::UniqueFd& fd) {
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &drop};
  setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

absl::StatusOr<ListeningSockets> ListenIp(const Address& address, int workers) {
  // The first socket does not share and so meets every other listener. Of programs that open the address at the same
  // time several can bind it, but one alone can listen. Then it shares with the workers' sockets.
  base::UniqueFd probe = BindIp(address, Sharing::kAlone);
  if (!probe.valid()) return CannotListen(address);
  TakeNobody(probe);
  if (listen(probe.get(), 0) != 0 || !Enable(probe, SOL_SOCKET, SO_REUSEPORT)) return CannotListen(address);
  sockaddr_storage bound;
  socklen_t length = sizeof(bound);
  if (getsockname(probe.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) return CannotListen(address);

  ListeningSockets sockets;
  sockets.address = *Address::FromSockaddr(reinterpret_cast<sockaddr*>(&bound), length);
  for (int i = 0; i < workers; ++i) {
    base::UniqueFd fd = BindIp(sockets.address, Sharing::kWithOtherWorkers);
    if (!fd.valid() || listen(fd.get(), kBacklog) != 0) return CannotListen(address);
    probe.Reset();  // the first of them keeps others away as well
    sockets.descriptors.push_back(std::move(fd));
  }
  return sockets;
}

// Whether the file at `address` is a socket that nobody listens on.
bool IsStale(const Address& address) {
  const base::UniqueFd client = OpenSocket(AF_UNIX);
  return client.valid() && connect(client.get(), address.get(), address.length()) != 0 && errno == ECONNREFUSED;
}

// Call with a path that is in the way of bind. ECONNREFUSED comes for files that are no sockets, too.
bool RemoveStaleSocket(const Address& address) {
  const std::string path(address.path());
  struct stat status;
  return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) && IsStale(address) && unlink(path.c_str()) == 0;
}

bool BindUnix(const base::UniqueFd& fd, const Address& address) {
  if (bind(fd.get(), address.get(), address.length()) == 0) return true;
  if (errno != EADDRINUSE) return false;
  if (RemoveStaleSocket(address)) return bind(fd.get(), address.get(), address.length()) == 0;
  errno = EADDRINUSE;
  return false;
}

absl::StatusOr<ListeningSockets> ListenUnix(const Address& address, int workers, mode_t mode) {
  base::UniqueFd fd = OpenSocket(AF_UNIX);
  // bind makes the file with the socket's own mode less the umask, so that it is never open to more than `mode`; what
  // the umask took is given back afterwards.
  if (!fd.valid() || fchmod(fd.get(), mode) != 0 || !BindUnix(fd, address)) return CannotListen(address);
  const std::string path(address.path());
  ListeningSockets sockets;
  sockets.address = address;
  sockets.file = SocketFile(path);
  sockets.descriptors.push_back(std::move(fd));
  if (!sockets.file.valid()) {
    const absl::Status error = CannotListen(address);
    unlink(path.c_str());
    return error;
  }
  bool open = chmod(path.c_str(), mode) == 0 && listen(sockets.descriptors[0].get(), kBacklog) == 0;
  for (int i = 1; open && i < workers; ++i) {
    sockets.descriptors.emplace_back(fcntl(sockets.descriptors[0].get(), F_DUPFD_CLOEXEC, 0));
    open = sockets.descriptors.back().valid();
  }
  if (open) return sockets;
  return CannotListen(address);
}

}  // namespace

absl::StatusOr<ListeningSockets> Listen(const Address& address, int workers, mode_t unix_mode) {
  return address.family() == AF_UNIX ? ListenUnix(address, workers, unix_mode) : ListenIp(address, workers);
}

}  // namespace fairlead::net
