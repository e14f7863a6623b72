#include "prober/peer_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "api/yaml/concat.h"
#include "dataplane/net/reach.h"
#include "prober/peer_protocol.h"

namespace fairlead::prober {
namespace {

base::UniqueFd OpenDatagramSocket(int family) {
  return base::UniqueFd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Of a unix socket that nobody receives from any more, the file goes.
bool RemoveStaleSocket(const net::Address& address) {
  const std::string path(address.path());
  struct stat status;
  if (address.family() != AF_UNIX || lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const base::UniqueFd other = OpenDatagramSocket(AF_UNIX);
  if (!other.valid() || connect(other.get(), address.get(), address.length()) == 0 || errno != ECONNREFUSED)
    return false;
  return unlink(path.c_str()) == 0;
}

bool Bind(const base::UniqueFd& fd, const net::Address& address) {
  // The file of a unix socket gets the socket's mode.
  if (address.family() == AF_UNIX) fchmod(fd.get(), 0600);
  if (bind(fd.get(), address.get(), address.length()) == 0) return true;
  if (errno != EADDRINUSE) return false;
  if (RemoveStaleSocket(address)) return bind(fd.get(), address.get(), address.length()) == 0;
  errno = EADDRINUSE;
  return false;
}

absl::Status CheckReach(const PeerSocket::Options& options) {
  std::vector<net::Address> all = options.peers;
  all.push_back(options.address);
  for (const net::Address& address : all) {
    if (address.family() != options.address.family()) {
      return absl::InvalidArgumentError(
          api::Concat(address.ToString(), ": not of the family of ", options.address.ToString()));
    }
    if (options.key.empty() && !net::IsOfThisMachine(address)) {
      return absl::InvalidArgumentError(
          api::Concat(address.ToString(), ": beyond this machine, probers need a secret that they share: --peer_key"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PeerSocket>> PeerSocket::Open(event::Loop* loop, Options options, OnBeat on_beat) {
  if (absl::Status reach = CheckReach(options); !reach.ok()) return reach;
  base::UniqueFd fd = OpenDatagramSocket(options.address.family());
  if (!fd.valid() || !Bind(fd, options.address)) {
    return absl::ErrnoToStatus(errno, api::Concat("cannot bind ", options.address.ToString()));
  }
  if (options.address.family() != AF_UNIX) {
    sockaddr_storage bound;
    socklen_t length = sizeof(bound);
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &length);
    options.address = *net::Address::FromSockaddr(reinterpret_cast<sockaddr*>(&bound), length);
  }
  std::unique_ptr<PeerSocket> opened(new PeerSocket(loop, std::move(options), std::move(on_beat), std::move(fd)));
  if (opened->options_.address.family() == AF_UNIX) opened->file_ = net::SocketFile(opened->options_.address.path());
  opened->receiver_ = std::thread([socket = opened.get()] { socket->Receive(); });
  return opened;
}

PeerSocket::~PeerSocket() { receiver_.join(); }

void PeerSocket::Send(const v1::ProberBeat& beat) {
  const std::string datagram = SealBeat(beat, options_.key);
  for (const net::Address& peer : options_.peers) {
    sendto(fd_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL, peer.get(), peer.length());
  }
}

void PeerSocket::Receive() {
  std::string room(kMaxDatagram + 1, '\0');
  pollfd descriptors[] = {{fd_.get(), POLLIN, 0}, {options_.stop, POLLIN, 0}};
  while (descriptors[1].revents == 0) {
    const ssize_t size = recv(fd_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (size < 0) {
      poll(descriptors, 2, -1);
      continue;
    }
    std::optional<v1::ProberBeat> beat =
        OpenBeat(std::string_view(room).substr(0, static_cast<size_t>(size)), options_.key);
    if (!beat) {
      ++refused_;
      continue;
    }
    loop_->mailbox().Post([this, beat = *std::move(beat)]() mutable { on_beat_(std::move(beat)); });
  }
}

}  // namespace fairlead::prober
