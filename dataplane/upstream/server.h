#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/backend.h"
#include "dataplane/config/server.h"
#include "dataplane/metrics/backend_counters.h"
#include "dataplane/metrics/server_counters.h"
#include "dataplane/net/address.h"
#include "dataplane/upstream/connection.h"
#include "dataplane/upstream/environment.h"

namespace fairlead::upstream {

// One worker's side of one server: its connections, idle and in use. Made when the worker first picks the server, lives
// until the server is removed and its last exchange has ended; used on the worker's thread alone.
//
// What it knows of the configuration belongs to the snapshot that the worker serves by, and while exchanges with a
// removed server run, to the snapshots that those hold.
class Server {
 public:
  // `backend_counters` are this worker's, and live as long as the snapshots do.
  Server(Environment* environment, const config::Server* config, const config::BackendSettings* settings,
         metrics::BackendWorkerCounters* backend_counters);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A connection for an exchange of `user`: an idle one, which is ready now, or (none idle, or `fresh`) a new one,
  // ready with OnConnected. Errors: no descriptors left.
  absl::StatusOr<Connection*> Acquire(ConnectionUser* user, bool fresh);

  // An exchange with it begins, or has ended. The counters' owner is the server, over all revisions.
  void BeginRequest();
  // May destroy this, when the server was retired.
  void EndRequest();
  // What becomes of its requests, counted for it and for its backend. A response's head came `duration_us` after the
  // server was chosen.
  void CountResponse(uint16_t status, uint64_t duration_us);
  void CountFailure();
  void CountTimeout();
  void CountSent(size_t bytes);
  void CountReceived(size_t bytes);
  const net::Address& address() const { return config_->address; }
  const config::BackendSettings& settings() const { return *settings_; }

  // Whether `config` is of this server: counters are what stays the same in all its revisions.
  bool serves(const config::Server& config) const { return &config.counters->active_requests == active_requests_; }

  // A new revision says something else of the server. Connections to an address that it no longer has are not used
  // again. MAINT closes all connections.
  void Update(const config::Server* config, const config::BackendSettings* settings);
  // The server is gone. Exchanges that have a connection end in their own time; those that still connect are told
  // (kAbandoned) to go elsewhere. Destroys this now or with the end of the last exchange.
  static void Retire(std::unique_ptr<Server> server);

  // Of connections: whether this one, whose exchange has ended, is kept for another.
  bool Keep(Connection* connection);
  void OnClosed(Connection* connection);
  void OnConnectFailed();

 private:
  std::array<metrics::UpstreamCounters*, 2> BothCounters() { return {counters_, backend_counters_}; }
  void CloseIdle();
  // Closes those that still connect, or all.
  void Abandon(bool only_connecting);

  Environment* const environment_;
  const config::Server* config_;
  const config::BackendSettings* settings_;
  std::atomic<uint32_t>* const active_requests_;
  metrics::ServerWorkerCounters* const counters_;
  metrics::BackendWorkerCounters* const backend_counters_;
  base::IntrusiveList<Connection> idle_;  // the one used last in front
  base::IntrusiveList<Connection> in_use_;
  uint32_t idle_count_ = 0;
  uint32_t exchanges_ = 0;
  bool retired_ = false;
};

}  // namespace fairlead::upstream
