#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/backend.h"
#include "dataplane/config/server.h"
#include "dataplane/net/address.h"
#include "dataplane/upstream/connection.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/raw_connection.h"

namespace fairlead::upstream {

// One worker's side of one server: its connections, idle and in use. Made when the worker first picks the server, lives
// until the server is removed and its last exchange has ended; used on the worker's thread alone.
//
// What it knows of the configuration belongs to the snapshot that the worker serves by, and while exchanges with a
// removed server run, to the snapshots that those hold.
class Server {
 public:
  Server(Environment* environment, const config::Server* config, const config::BackendSettings* settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A connection for an exchange of `user`: an idle one, which is ready now, or (none idle, or `fresh`) a new one,
  // ready with OnConnected. Errors: no descriptors left.
  absl::StatusOr<Connection*> Acquire(ConnectionUser* user, bool fresh);

  // A new connection for one client's bytes, as they are. Errors: no descriptors left.
  absl::StatusOr<RawConnection*> ConnectRaw(RawConnectionUser* user);

  // An exchange, or a client's TCP connection, with it begins, or has ended. The counters' owner is the server, over
  // all revisions.
  void BeginRequest();
  // May destroy this, when the server was retired.
  void EndRequest();
  metrics::ServerWorkerCounters& counters() { return *counters_; }
  const net::Address& address() const { return config_->address; }
  const config::BackendSettings& settings() const { return *settings_; }

  // Whether `config` is of this server: counters are what stays the same in all its revisions.
  bool serves(const config::Server& config) const { return config.counters == all_counters_; }

  // A new revision says something else of the server. Connections to an address that it no longer has are not used
  // again. MAINT closes all connections.
  void Update(const config::Server* config, const config::BackendSettings* settings);
  // The server is gone. Exchanges that have a connection end in their own time; those that still connect are told
  // (kAbandoned) to go elsewhere. Destroys this now or with the end of the last exchange.
  static void Retire(std::unique_ptr<Server> server);

  // Of connections: whether this one, whose exchange has ended, is kept for another.
  bool Keep(Connection* connection);
  void OnClosed(Connection* connection);
  void OnConnectFailed() { counters_->connect_failures.Increment(); }

 private:
  void CloseIdle();
  // Closes those that still connect, or all.
  void Abandon(bool only_connecting);

  Environment* const environment_;
  const config::Server* config_;
  const config::BackendSettings* settings_;
  // Kept, too, by what outlives the revisions that know the server: TCP connections hold none.
  const std::shared_ptr<metrics::ServerCounters> all_counters_;
  metrics::ServerWorkerCounters* const counters_;
  base::IntrusiveList<Connection> idle_;  // the one used last in front
  base::IntrusiveList<Connection> in_use_;
  base::IntrusiveList<RawConnection> raw_;
  uint32_t idle_count_ = 0;
  uint32_t exchanges_ = 0;
  bool retired_ = false;
};

}  // namespace fairlead::upstream
