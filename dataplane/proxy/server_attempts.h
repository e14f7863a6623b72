#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "dataplane/config/slots.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/load_balancing/policy.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/upstream/backend.h"
#include "dataplane/upstream/channel.h"
#include "dataplane/upstream/server.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::proxy {

// How one request, or one TCP connection, comes to a server: asks its backend for one, takes a connection to it, and
// where that fails says whether it is tried again. Part of an Exchange, for one request after another, or of a
// TcpConnection; on the worker's thread alone.
//
//     Ask, until admitted → Begin → SetConnected → End
//     where the connection fails: LoseConnection → Fail → TakeRetry, if that says so → Ask
class ServerAttempts {
 public:
  // Connections that are tried for one request before it fails, as HAProxy and Envoy count them.
  static constexpr int kMaxAttempts = 3;
  // What servers refuse before they begin with it is tried again so often, beside these: it may be a matter of moments
  // in which a connection gets full.
  static constexpr int kMaxRefusals = 10;
  static constexpr config::ServerSlot kNoServer = load_balancing::Policy::kNone;

  // Another request. The one before has come to its End.
  void Start() {
    ForgetServers();
    count_ = refusals_ = 0;
    reused_ = fresh_ = needs_http1_ = has_waited_ = retry_due_ = false;
  }
  // It is routed anew: slots of another revision may belong to others.
  void ForgetServers() { server_slot_ = demand_.avoid = demand_.avoid_too = kNoServer; }
  // `hash`: of what this backend is balanced by, where that is part of the request.
  void set_backend(config::BackendSlot slot, std::optional<uint64_t> hash) {
    backend_slot_ = slot;
    demand_.has_hash = hash.has_value();
    demand_.hash = hash.value_or(0);
  }

  // Asks the backend for a server for `waiter`. `fresh`: for a connection that was not used before.
  upstream::Admission Ask(const Environment& environment, upstream::Waiter* waiter, bool fresh);
  // It was admitted: takes a connection to that server, which is connected() where connection()->connecting() is false
  // and SetConnected was called. False: no descriptors left.
  bool Begin(const Environment& environment, const upstream::Choice& choice, upstream::ConnectionUser* user);
  // The connection stands, and the request goes to it by `channel`.
  void SetConnected(upstream::Channel* channel) {
    connection_ = channel;
    connected_ = true;
  }
  // The connection has failed, and closes itself.
  void LoseConnection() { connection_ = nullptr; }
  // The attempt has failed with it. True: another is due, but not from here, since the worker may be in the middle of
  // adopting a revision. `may_be_sent_again`: though the server may have got the request.
  bool Fail(const Environment& environment, http::ServerError error, bool may_be_sent_again);
  // The server's answer is not to be passed on: another attempt is due, as after Fail.
  void TryAnother();
  // In turn work: whether another attempt was due, and is not from now on.
  bool TakeRetry() {
    const bool due = retry_due_;
    retry_due_ = false;
    return due;
  }
  // Lets go of the connection and the server, if there are.
  void End();

  config::BackendSlot backend_slot() const { return backend_slot_; }
  // The server that was tried last, also after its attempt has ended; kNoServer: none yet, by this revision.
  config::ServerSlot server_slot() const { return server_slot_; }
  // Null between attempts.
  upstream::Server* server() const { return server_; }
  upstream::Channel* connection() const { return connection_; }
  bool connected() const { return connected_; }
  // The next connection must not speak HTTP/2, with which this server can't do what is asked for.
  bool needs_http1() const { return needs_http1_; }
  // The last connection came from the pool.
  bool reused() const { return reused_; }
  // How many were made; those that the server's leaving has ended do not count.
  uint8_t count() const { return count_; }

 private:
  bool MayRetry(http::ServerError error, bool may_be_sent_again);
  bool IsToBlame(http::ServerError error) const;
  void LeaveServer();
  // Another is to be chosen in place of this one.
  void Avoid() {
    if (demand_.avoid != server_slot_) demand_.avoid_too = std::exchange(demand_.avoid, server_slot_);
  }

  upstream::Server* server_ = nullptr;
  upstream::Channel* connection_ = nullptr;
  config::BackendSlot backend_slot_ = 0;
  config::ServerSlot server_slot_ = kNoServer;
  upstream::Demand demand_;
  uint8_t count_ = 0;
  uint8_t refusals_ = 0;
  bool connected_ : 1 = false;
  bool reused_ : 1 = false;
  bool fresh_ : 1 = false;  // the next attempt is on a new connection
  bool needs_http1_ : 1 = false;
  bool has_waited_ : 1 = false;  // for a connection that another got
  bool retry_due_ : 1 = false;
};

}  // namespace fairlead::proxy
