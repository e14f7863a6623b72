#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/buffer/slice.h"
#include "dataplane/config/backend.h"
#include "dataplane/config/slots.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/metrics/backend_counters.h"
#include "dataplane/metrics/server_counters.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/client_connection.h"
#include "dataplane/proxy/connection_log.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/relay.h"
#include "dataplane/proxy/server_attempts.h"
#include "dataplane/upstream/raw_user.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::proxy {

// What was read of a connection before it was known where it goes.
struct TcpBeginning {
  std::vector<buffer::Slice> bytes = {};
  std::string server_name = {};             // that its TLS asks for; empty: none, or nobody has looked
  std::unique_ptr<ConnectionLog> log = {};  // begun with the connection; null: not yet
};

// A client's connection to a TCP listener, and the connection to the server that it was balanced to, after waiting for
// one where all are at their limits. Both directions go on and end by themselves. A client that can't be served is
// reset, so that it does not take an end for an answer.
//
// Made when the connection is accepted, destroys itself when it is closed; on its worker's thread alone. Holds the
// revision that it was balanced by until a server's connection stands.
class TcpConnection final : public ClientConnection,
                            private upstream::RawUser,
                            private upstream::Waiter,
                            private Relay::Meter {
 public:
  // Takes over the client's socket, from which `beginning` was received already.
  TcpConnection(Environment* environment, Client client, event::Socket* socket, TcpBeginning beginning);

  // Connections live on until they end, or the process does.
  void Drain() override {}
  void Kill() override { Fail(DecidedBy::kProxy, Reason::kShutdown); }

 private:
  ~TcpConnection() = default;

  // event::TurnWorker:
  void RunTurnWork() override;

  // upstream::RawUser:
  void OnConnected(upstream::Channel* channel) override;
  std::string MakePreamble() override;
  void OnServerError(http::ServerError error, std::string_view detail) override;

  // upstream::Waiter:
  void OnAdmitted(const upstream::Choice& choice) override;
  void OnRevision() override { Balance(); }
  void OnQueueTimeout() override { Fail(DecidedBy::kProxy, Reason::kQueueTimeout); }

  // Relay::Meter:
  void OnRelayReceived(Relay::Side from, size_t bytes) override;
  void OnRelaySent(Relay::Side to, size_t bytes) override;

  // Where the listener, as it is now, sends connections like this one; an empty id: nowhere.
  std::pair<config::BackendSlot, std::string_view> FindBackend() const;
  // Finds the backend in the worker's current revision, then a server.
  void Balance();
  void StartAttempt();
  void Unpin();
  void OnTimeout();
  // Resets the client's connection.
  void Fail(DecidedBy who, Reason reason, std::string_view detail = {});
  void Close(bool reset);

  Environment* const environment_;
  Client client_;
  std::unique_ptr<ConnectionLog> log_;  // null: it is not logged
  Relay relay_;
  event::Timer timer_;
  SnapshotPin* pin_ = nullptr;
  // What its server counts in, which may outlive the revisions that know it.
  base::CountedPtr<metrics::ServerCounters> server_counters_;
  std::shared_ptr<metrics::BackendCounters> backend_counters_;
  ServerAttempts attempts_;
  const uint64_t idle_timeout_ms_;
  const std::string server_name_;
  bool closed_ = false;
};

}  // namespace fairlead::proxy
