#include "dataplane/admin/admin_server.h"

#include <utility>

#include "dataplane/base/unique_fd.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::admin {

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Listen(event::Loop* loop, const net::Address& address,
                                                                 Answerer answerer,
                                                                 std::optional<tls::HandshakeOptions> tls) {
  absl::StatusOr<net::ListeningSockets> sockets = net::Listen(address, /*workers=*/1);
  if (!sockets.ok()) return sockets.status();
  std::unique_ptr<AdminServer> server(new AdminServer(loop, std::move(answerer)));
  server->address_ = sockets->address;
  server->file_ = std::move(sockets->file);
  if (tls.has_value() && address.family() != AF_UNIX) {
    server->handshakes_.emplace(loop, *std::move(tls),
                                [self = server.get()](event::Socket* socket) { self->Serve(socket); });
  }
  server->acceptor_ = loop->Accept(sockets->descriptors[0].Release(), server.get());
  return server;
}

AdminServer::~AdminServer() { acceptor_->Close(); }

void AdminServer::OnAccepted(int fd, const sockaddr*, socklen_t) {
  if (connections_.size() + (handshakes_.has_value() ? handshakes_->size() : 0) >= kMaxConnections) {
    base::UniqueFd refused(fd);
  } else if (handshakes_.has_value()) {
    handshakes_->Begin(fd);
  } else {
    Serve(loop_->Adopt(fd, nullptr));
  }
}

}  // namespace fairlead::admin
