#include "dataplane/health/line_server.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <string_view>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::health {

namespace {

constexpr std::string_view kTooManyConnections =
    "error too many connections: at most 1024 are taken; send several lines over one\n";
static_assert(LineServer::kMaxConnections == 1024);

bool IsLocal(const net::Address& address) {
  switch (address.family()) {
    case AF_UNIX:
      return true;
    case AF_INET:
      return (ntohl(reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
    default:
      return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineServer>> LineServer::Listen(event::Loop* loop, HealthTable* table,
                                                               std::span<const net::Address> addresses) {
  std::unique_ptr<LineServer> server(new LineServer(loop, table));
  for (const net::Address& address : addresses) {
    if (absl::Status status = server->ListenOn(address); !status.ok()) return status;
  }
  return server;
}

LineServer::~LineServer() {
  for (event::Acceptor* acceptor : acceptors_) acceptor->Close();
}

absl::Status LineServer::ListenOn(const net::Address& address) {
  if (!IsLocal(address)) {
    return absl::InvalidArgumentError(
        base::StrCat("cannot take health reports on ", address.ToString(),
                     ": other machines could reach it; use a loopback address or unix:PATH"));
  }
  absl::StatusOr<net::ListeningSockets> sockets = net::Listen(address, /*workers=*/1, /*unix_mode=*/0600);
  if (!sockets.ok()) return sockets.status();
  files_.push_back(std::move(sockets->file));
  addresses_.push_back(sockets->address);
  acceptors_.push_back(loop_->Accept(sockets->descriptors[0].Release(), this));
  return absl::OkStatus();
}

void LineServer::OnAccepted(int fd, const sockaddr*, socklen_t) {
  if (connections_.size() < kMaxConnections) {
    connections_.insert(std::make_unique<LineConnection>(loop_, fd, table_, &on_end_));
    return;
  }
  const base::UniqueFd refused(fd);
  // A new socket has room for it; one that has gone already need not be told.
  [[maybe_unused]] const ssize_t sent =
      send(fd, kTooManyConnections.data(), kTooManyConnections.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace fairlead::health
