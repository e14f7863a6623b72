#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "dataplane/event/loop.h"
#include "dataplane/health/health_table.h"
#include "dataplane/health/line_connection.h"
#include "dataplane/health/report_turns.h"
#include "dataplane/health/verb_actions.h"
#include "dataplane/identity/peer.h"
#include "dataplane/net/address.h"
#include "dataplane/net/socket_file.h"
#include "dataplane/tls/handshakes.h"

namespace fairlead::health {

// Takes reports, and verbs of HAProxy's, over sockets, in the line protocol (line_protocol.h). Owned by the control
// side, for the thread of its loop alone; the loop and the table outlive it. When it is destroyed, its sockets close
// and its connections end.
//
// Without TLS only this machine is let in: unix sockets of mode 0600, whose clients are told apart by user, and TCP on
// loopback. With it clients show certificates; unix sockets go on as they are.
class LineServer {
 public:
  // Clients at once, over all addresses; one more is told so and closed.
  static constexpr size_t kMaxConnections = 1024;

  // Listens on all of `addresses`, or on none. INVALID_ARGUMENT where one would let other machines in without TLS; else
  // the error of net::Listen.
  static absl::StatusOr<std::unique_ptr<LineServer>> Listen(event::Loop* loop, HealthTable* table,
                                                            VerbActions verb_actions,
                                                            std::span<const net::Address> addresses,
                                                            std::optional<tls::HandshakeOptions> tls = {});

  // As bound, in the order of `addresses`: with the port that 0 became.
  const std::vector<net::Address>& addresses() const { return addresses_; }
  size_t connections() const { return connections_.size(); }

 private:
  // One address.
  class Door final : private event::AcceptHandler {
   public:
    // `tls`: clients are met by it; null: they are taken in the clear.
    Door(LineServer* server, int listening, tls::Handshakes* tls);
    ~Door() { acceptor_->Close(); }

   private:
    void OnAccepted(int fd, const sockaddr* peer, socklen_t peer_length) override;
    void OnAcceptError(int) override {}  // the loop tries again; who waits is not lost

    LineServer* const server_;
    tls::Handshakes* const tls_;
    event::Acceptor* const acceptor_;
  };

  LineServer(event::Loop* loop, HealthTable* table, VerbActions verb_actions)
      : loop_(loop), table_(table), verb_actions_(std::move(verb_actions)), turns_(&loop->mailbox()) {}

  absl::Status ListenOn(const net::Address& address);
  bool full() const;
  void Serve(event::Socket* socket, identity::Peer peer) {
    connections_.insert(
        std::make_unique<LineConnection>(loop_, socket, std::move(peer), table_, &verb_actions_, &turns_, &on_end_));
  }

  event::Loop* const loop_;
  HealthTable* const table_;
  VerbActions verb_actions_;
  ReportTurns turns_;
  LineConnection::OnEnd on_end_ = [this](LineConnection* connection) { connections_.erase(connection); };
  std::vector<net::Address> addresses_;
  std::vector<net::SocketFile> files_;
  absl::flat_hash_set<std::unique_ptr<LineConnection>> connections_;
  std::optional<tls::Handshakes> handshakes_;
  std::vector<std::unique_ptr<Door>> doors_;
};

}  // namespace fairlead::health
