#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "dataplane/admin/answer.h"
#include "dataplane/admin/http_connection.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/address.h"
#include "dataplane/net/socket_file.h"
#include "dataplane/tls/handshakes.h"

namespace fairlead::admin {

// The HTTP server behind --admin_listen: what operators, probes and Prometheus read (endpoints.h). Owned by the control
// side, for the thread of its loop alone; the loop, and all that its answers come from, outlive it. When it is
// destroyed, its socket closes and its connections end.
class AdminServer final : private event::AcceptHandler {
 public:
  // Clients at once; one more is closed.
  static constexpr size_t kMaxConnections = 256;

  // By TLS where `tls` is given, but on unix sockets. Errors: those of net::Listen.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Listen(event::Loop* loop, const net::Address& address,
                                                             Answerer answerer,
                                                             std::optional<tls::HandshakeOptions> tls = {});
  ~AdminServer();

  // As bound: with the port that 0 became.
  const net::Address& address() const { return address_; }
  size_t connections() const { return connections_.size(); }

 private:
  AdminServer(event::Loop* loop, Answerer answerer) : loop_(loop), answerer_(std::move(answerer)) {}

  void Serve(event::Socket* socket) {
    connections_.insert(std::make_unique<HttpConnection>(loop_, socket, &answerer_, &on_end_));
  }
  void OnAccepted(int fd, const sockaddr* peer, socklen_t peer_length) override;
  void OnAcceptError(int) override {}  // the loop tries again; who waits is not lost

  event::Loop* const loop_;
  Answerer answerer_;
  HttpConnection::OnEnd on_end_ = [this](HttpConnection* connection) { connections_.erase(connection); };
  net::Address address_;
  net::SocketFile file_;
  event::Acceptor* acceptor_ = nullptr;
  absl::flat_hash_set<std::unique_ptr<HttpConnection>> connections_;
  std::optional<tls::Handshakes> handshakes_;  // none: clients are taken in the clear
};

}  // namespace fairlead::admin
