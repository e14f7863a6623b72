#include "tests/support/peer/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "tests/support/peer/text.h"

namespace fairlead::peer {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<AddressList> Resolve(std::string_view address) {
  size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return absl::InvalidArgumentError(Concat("not an IP:port: \"", address, "\""));
  }
  std::string host(address.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = getaddrinfo(host.c_str(), std::string(address.substr(colon + 1)).c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(Concat("not an IP:port: \"", address, "\": ", gai_strerror(error)));
  }
  return AddressList(found, &freeaddrinfo);
}

absl::Status ErrnoStatus(std::string_view what, int error) {
  std::string message = Concat(what, ": ", std::strerror(error));
  if (error == ECONNRESET || error == EPIPE) return absl::DataLossError(message);
  return absl::UnavailableError(message);
}

// Small writes leave at once: what a peer says is to be seen when it is said.
void DisableNagle(int descriptor) {
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

absl::StatusOr<Socket> Socket::Listen(std::string_view address) {
  absl::StatusOr<AddressList> resolved = Resolve(address);
  if (!resolved.ok()) return resolved.status();
  const addrinfo& info = **resolved;
  Socket listening(socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listening.IsOpen()) return ErrnoStatus("socket", errno);
  int on = 1;
  setsockopt(listening.descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listening.descriptor_, info.ai_addr, info.ai_addrlen) != 0 || listen(listening.descriptor_, 4096) != 0) {
    return ErrnoStatus(Concat("can't listen on ", address), errno);
  }
  return listening;
}

absl::StatusOr<Socket> Socket::Connect(std::string_view address, std::chrono::milliseconds time_limit) {
  absl::StatusOr<AddressList> resolved = Resolve(address);
  if (!resolved.ok()) return resolved.status();
  const addrinfo& info = **resolved;
  Socket connecting(socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!connecting.IsOpen()) return ErrnoStatus("socket", errno);
  connecting.SetTimeLimit(time_limit);
  if (connect(connecting.descriptor_, info.ai_addr, info.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return ErrnoStatus(Concat("can't connect to ", address), errno);
    if (absl::Status status = connecting.Wait(POLLOUT); !status.ok()) return status;
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(connecting.descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return absl::UnavailableError(Concat("can't connect to ", address, ": ", strerror(error)));
  }
  DisableNagle(connecting.descriptor_);
  return connecting;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  Close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  time_limit_ = other.time_limit_;
  return *this;
}

absl::StatusOr<Socket> Socket::Accept() const {
  for (;;) {
    int accepted = accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) {
      DisableNagle(accepted);
      return Socket(accepted);
    }
    if (errno != EINTR && errno != ECONNABORTED) return ErrnoStatus("accept", errno);
  }
}

std::string Socket::LocalAddress() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof(host), port, sizeof(port),
              NI_NUMERICHOST | NI_NUMERICSERV);
  bool is_ipv6 = address.ss_family == AF_INET6;
  return Concat(is_ipv6 ? "[" : "", host, is_ipv6 ? "]:" : ":", port);
}

absl::StatusOr<size_t> Socket::Read(std::span<char> into) const {
  for (;;) {
    ssize_t count = recv(descriptor_, into.data(), into.size(), 0);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return ErrnoStatus("read", errno);
    if (absl::Status status = Wait(POLLIN); !status.ok()) return status;
  }
}

absl::Status Socket::Write(std::string_view bytes) const {
  while (!bytes.empty()) {
    ssize_t count = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return ErrnoStatus("write", errno);
    if (absl::Status status = Wait(POLLOUT); !status.ok()) return status;
  }
  return absl::OkStatus();
}

bool Socket::WaitForClose(std::chrono::milliseconds duration) const {
  auto deadline = std::chrono::steady_clock::now() + duration;
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd watched{descriptor_, POLLRDHUP, 0};
    if (poll(&watched, 1, static_cast<int>(left.count())) > 0) return true;
  }
}

bool Socket::IsReadable() const {
  pollfd watched{descriptor_, POLLIN, 0};
  return poll(&watched, 1, 0) > 0;
}

void Socket::Close() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

void Socket::Reset() {
  linger at_once{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  Close();
}

void Socket::FinishWriting() const { shutdown(descriptor_, SHUT_WR); }

absl::Status Socket::Wait(short events) const {
  pollfd watched{descriptor_, events, 0};
  int ready = 0;
  do {
    ready = poll(&watched, 1, static_cast<int>(time_limit_.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return absl::DeadlineExceededError(Concat("nothing within ", time_limit_.count(), " ms"));
  if (ready < 0) return ErrnoStatus("poll", errno);
  return absl::OkStatus();
}

}  // namespace fairlead::peer
