#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/backend.h"
#include "dataplane/config/server.h"
#include "dataplane/event/socket.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/metrics/backend_counters.h"
#include "dataplane/metrics/server_counters.h"
#include "dataplane/net/address.h"
#include "dataplane/upstream/channel.h"
#include "dataplane/upstream/connection.h"
#include "dataplane/upstream/connection_places.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/shared_connections.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::upstream {

// Who a server tells of its room: the worker's backend.
class ServerOwner {
 public:
  // The server was at a limit, and is so no more, or its limits have changed: whoever waits may be in luck, in any
  // worker.
  virtual void OnRoom(config::ServerSlot slot) = 0;
  // Has another worker close an idle connection to the server, and say so by Server::OnPlaceGranted.
  virtual void ClaimConnection(config::ServerSlot slot) = 0;

 protected:
  ~ServerOwner() = default;
};

// One worker's side of one server: its connections, idle and in use, and what the server's limits let through. Made
// when the worker first picks the server, lives until the server is removed and its last exchange has ended; used on
// the worker's thread alone.
//
// What it knows of the configuration belongs to the snapshot that the worker serves by, and while exchanges with a
// removed server run, to the snapshots that those hold.
class Server {
 public:
  // `backend_counters` are this worker's, and live as long as the snapshots do. `owner` lives until Retire.
  Server(Environment* environment, const config::Server* config, const config::BackendSettings* settings,
         metrics::BackendWorkerCounters* backend_counters, ServerOwner* owner, config::ServerSlot slot);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // An exchange with it begins, if its limits allow: then it counts, in all workers, until EndRequest. `fresh`: on a
  // connection that was not used before. Without limits that is always so. Acquire must follow at once.
  std::optional<ConnectionPlace> TryBegin(bool fresh);
  // Whether TryBegin would succeed, as far as one can tell.
  bool HasRoom();
  // The exchange has ended. May destroy this, when the server was retired.
  void EndRequest();

  // The way to it that an exchange of `user` was promised: ready now, or with OnConnected (Channel::connecting).
  // Errors: no descriptors left.
  absl::StatusOr<Channel*> Acquire(ConnectionUser* user, ConnectionPlace place);

  // What becomes of its requests, counted for it and for its backend. A response's head came `duration_us` after the
  // server was chosen.
  void CountResponse(uint16_t status, uint64_t duration_us);
  void CountFailure();
  void CountTimeout();
  void CountSent(size_t bytes);
  void CountReceived(size_t bytes);
  void CountLimitReached() { counters_->limit_reached.Increment(); }
  const net::Address& address() const { return config_->address; }
  const config::BackendSettings& settings() const { return *settings_; }

  // Whether `config` is of this server: counters are what stays the same in all its revisions.
  bool serves(const config::Server& config) const { return &config.counters->active_requests == active_requests_; }

  // A new revision says something else of the server. Connections to an address that it no longer has, or that speak
  // otherwise than is said now, are not used again. MAINT closes all connections.
  void Update(const config::Server* config, const config::BackendSettings* settings);
  // The server is gone. Exchanges that have a connection end in their own time; those that still connect are told
  // (kAbandoned) to go elsewhere. Destroys this now or with the end of the last exchange.
  static void Retire(std::unique_ptr<Server> server);

  // Another worker needs the place of an idle connection: whether one was given up for it.
  bool GiveUpPlace();
  // A place that this worker has claimed.
  void OnPlaceGranted();

  // What a connection is made for: HTTP as the backend's settings have it, HTTP/1.1 where they would have the server
  // choose, or no HTTP at all.
  enum class DialFor : uint8_t { kHttp, kHttp1Alone, kRaw };
  // Of connections: a socket that connects for one, and speaks TLS where the backend's settings say so; OnConnected
  // tells when it can be used. `first`: what is sent in front of TLS.
  absl::StatusOr<event::Socket*> Dial(event::SocketHandler* handler, DialFor purpose, std::string_view first);
  // Why a socket of Dial's, whose OnConnected told `error`, can't be used.
  struct ConnectFailure {
    http::ServerError error;
    std::string detail;
  };
  // Counts how connecting ended. `protocol`: what must have been agreed upon, if it speaks TLS; empty: nothing need be.
  std::optional<ConnectFailure> OnConnectEnded(const event::Socket& socket, int error, std::string_view protocol);
  // Where ALPN chooses what is spoken: whether it has chosen HTTP/2 for this socket, which stands. It is remembered.
  bool ChoseHttp2(const event::Socket& socket);
  // The last one of these was not for HTTP/2. Of one that was never asked the better is expected: for a moment requests
  // wait for one connection that each might have had its own of, rather than that a server gets far too many.
  bool spoke_http1() const { return spoke_http1_; }
  // This socket of a shared connection that it is not goes on as one of HTTP/1.1, in its place, for `user`. See
  // Connection::TakeOver.
  void GoOnWithHttp1(event::Socket* socket, ConnectionUser* user, bool has_begun, bool keep);
  // Whether this one, whose exchanges have ended, is kept for another; then it is idle.
  bool Keep(Connection* connection);
  bool Keep(SharedConnection* connection);
  // Streams that the server allowed on the connection of HTTP/2 that it said so of last; 0: it never has.
  uint32_t allowed_streams() const { return allowed_streams_; }
  void set_allowed_streams(uint32_t streams) { allowed_streams_ = streams; }
  // One that was idle is so no more, and will close.
  void OnIdleEnded() { --idle_count_; }
  void OnClosed(const Connection* connection) { OnClosed(connection->awaits_place(), connection->idle()); }
  void OnClosed(const SharedConnection* connection) { OnClosed(connection->awaits_place(), connection->idle()); }
  void OnConnectFailed();
  // Whether others may wait for a connection, or the request on it, to end: the peer should hear of it at once.
  bool has_limits() const { return places_.limited() || max_requests_ != config::kNoLimit; }

 private:
  std::array<metrics::UpstreamCounters*, 2> BothCounters() { return {counters_, backend_counters_}; }
  bool TakeRequest();
  void OnRoom() {
    if (owner_ != nullptr) owner_->OnRoom(slot_);
  }
  // A place, if the limits allow one; then TakeRequest is next.
  std::optional<ConnectionPlace> FindPlace(bool fresh);
  // Whether connections that are made now may be shared, and whether they may have to be used one by one.
  bool may_share() const { return settings_->protocol != config::BackendProtocol::kHttp1; }
  bool may_not_share() const { return settings_->protocol != config::BackendProtocol::kHttp2; }
  // What is made for `user` is his alone from the beginning.
  bool makes_own(const ConnectionUser& user) const {
    return !may_share() || user.takes_socket() || (user.needs_http1() && may_not_share());
  }
  absl::StatusOr<Channel*> Open(ConnectionUser* user);
  Channel* Await(ConnectionUser* user);
  bool MayKeep() const;
  void OnKept();
  void OnClosed(bool awaited_place, bool was_idle);
  // Of those that are idle, the one that was used longest ago.
  void CloseOneIdle();
  void SetMaxConnections(uint32_t limit);
  void ReleasePlace();
  // Closes an idle connection for another, which gets its place.
  void CloseOneIdleKeepingPlace();
  void CloseIdle();
  // Has no connection that there is be used by another exchange, and those that are still to be made be made anew.
  void LeaveConnections();
  // Closes those that still connect, or all.
  void Abandon(bool only_connecting);

  Environment* const environment_;
  const config::Server* config_;
  const config::BackendSettings* settings_;
  ServerOwner* owner_;  // null when retired
  const config::ServerSlot slot_;
  std::atomic<uint32_t>* const active_requests_;
  uint32_t max_requests_;
  ConnectionPlaces places_;
  metrics::ServerWorkerCounters* const counters_;
  metrics::BackendWorkerCounters* const backend_counters_;
  // To resume with the server: of HTTP, and of raw connections. Null until they are needed.
  struct TlsSessions;
  std::unique_ptr<TlsSessions> tls_sessions_;
  base::IntrusiveList<Connection> idle_;  // the one used last in front
  base::IntrusiveList<Connection> in_use_;
  base::IntrusiveList<Connection> awaiting_;  // a place that was claimed for them; the one that came first in front
  SharedConnections shared_;
  uint32_t idle_count_ = 0;  // shared ones, too
  uint32_t allowed_streams_ = 0;
  uint32_t exchanges_ = 0;
  bool retired_ = false;
  bool spoke_http1_ = false;
  bool keep_place_ = false;
};

}  // namespace fairlead::upstream
