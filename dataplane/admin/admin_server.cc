#include "dataplane/admin/admin_server.h"

#include "dataplane/base/unique_fd.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::admin {

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Listen(event::Loop* loop, const net::Address& address,
                                                                 StatusSource source) {
  absl::StatusOr<net::ListeningSockets> sockets = net::Listen(address, /*workers=*/1);
  if (!sockets.ok()) return sockets.status();
  std::unique_ptr<AdminServer> server(new AdminServer(loop, std::move(source)));
  server->address_ = sockets->address;
  server->file_ = std::move(sockets->file);
  server->acceptor_ = loop->Accept(sockets->descriptors[0].Release(), server.get());
  return server;
}

AdminServer::~AdminServer() { acceptor_->Close(); }

void AdminServer::OnAccepted(int fd, const sockaddr*, socklen_t) {
  if (connections_.size() < kMaxConnections) {
    connections_.insert(std::make_unique<HttpConnection>(loop_, fd, &source_, &on_end_));
  } else {
    base::UniqueFd refused(fd);
  }
}

}  // namespace fairlead::admin
