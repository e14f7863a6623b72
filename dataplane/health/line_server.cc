#include "dataplane/health/line_server.h"

#include <sys/socket.h>

#include <string_view>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/net/reach.h"

namespace fairlead::health {

namespace {

constexpr std::string_view kTooManyConnections =
    "error too many connections: at most 1024 are taken; send several lines over one\n";
static_assert(LineServer::kMaxConnections == 1024);

}  // namespace

LineServer::Door::Door(LineServer* server, int listening, tls::Handshakes* tls)
    : server_(server), tls_(tls), acceptor_(server->loop_->Accept(listening, this)) {}

absl::StatusOr<std::unique_ptr<LineServer>> LineServer::Listen(event::Loop* loop, HealthTable* table,
                                                               VerbActions verb_actions,
                                                               std::span<const net::Address> addresses,
                                                               std::optional<tls::HandshakeOptions> tls) {
  std::unique_ptr<LineServer> server(new LineServer(loop, table, std::move(verb_actions)));
  if (tls.has_value()) {
    server->handshakes_.emplace(loop, *std::move(tls), [self = server.get()](tls::Socket* socket) {
      identity::Peer peer = identity::Peer::OfSocket(socket->fd());
      peer.certificate = socket->peer_certificate();
      self->Serve(socket, std::move(peer));
    });
  }
  for (const net::Address& address : addresses) {
    if (absl::Status status = server->ListenOn(address); !status.ok()) return status;
  }
  return server;
}

absl::Status LineServer::ListenOn(const net::Address& address) {
  if (!handshakes_.has_value() && !net::IsOfThisMachine(address)) {
    return absl::InvalidArgumentError(
        base::StrCat("cannot take health reports on ", address.ToString(),
                     ": other machines could reach it; give --health_ca, --health_cert and --health_key, or use a "
                     "loopback address or unix:PATH"));
  }
  absl::StatusOr<net::ListeningSockets> sockets = net::Listen(address, /*workers=*/1, /*unix_mode=*/0600);
  if (!sockets.ok()) return sockets.status();
  files_.push_back(std::move(sockets->file));
  addresses_.push_back(sockets->address);
  const bool speaks_tls = handshakes_.has_value() && address.family() != AF_UNIX;
  doors_.push_back(
      std::make_unique<Door>(this, sockets->descriptors[0].Release(), speaks_tls ? &*handshakes_ : nullptr));
  return absl::OkStatus();
}

bool LineServer::full() const {
  return connections_.size() + (handshakes_.has_value() ? handshakes_->size() : 0) >= kMaxConnections;
}

void LineServer::Door::OnAccepted(int fd, const sockaddr*, socklen_t) {
  if (!server_->full()) {
    if (tls_ != nullptr) return tls_->Begin(fd);
    identity::Peer peer = identity::Peer::OfSocket(fd);
    return server_->Serve(server_->loop_->Adopt(fd, nullptr), std::move(peer));
  }
  const base::UniqueFd refused(fd);
  if (tls_ != nullptr) return;
  // A new socket has room for it; one that has gone already need not be told.
  [[maybe_unused]] const ssize_t sent =
      send(fd, kTooManyConnections.data(), kTooManyConnections.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace fairlead::health
