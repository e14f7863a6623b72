#pragma once

#include <memory>

#include "dataplane/config/listener.h"
#include "dataplane/event/loop.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/listener_state.h"

namespace fairlead::worker {

// One worker's side of one listener: the connections that came by it. Used on the worker's thread alone; outlives its
// removal for as long as connections are open.
class WorkerListener {
 public:
  WorkerListener(proxy::Environment* environment, const config::Listener& config);
  // Kills the connections that are left, at the latest in the turn work of the caller's scope.
  ~WorkerListener();

  // Whether `config` is this listener in another revision, and speaks the same protocol: else connections are drained.
  bool serves(const config::Listener& config) const {
    return config.id == state_.id && config.tcp.has_value() == state_.tcp.has_value();
  }
  // Takes over what has changed. Connections stay.
  void Update(const config::Listener& config);
  // Connections end with their next response; further ones, with their first.
  void Drain();

  // Takes over a descriptor that came by its socket.
  void Accept(int fd, const sockaddr* peer, socklen_t peer_length);

  bool draining() const { return state_.draining; }
  // No connection is left.
  bool empty() const { return state_.connections.empty(); }
  // To tell its sockets from others'; not to be read.
  const net::ListeningSockets* sockets() const { return sockets_; }

 private:
  proxy::Environment* const environment_;
  const net::ListeningSockets* sockets_ = nullptr;
  proxy::ListenerState state_;
};

// One worker's descriptor of one address, and the listener that its connections belong to: another one when two
// listeners change places. Closed when it is destroyed, after a last look at what waits to be accepted.
class ListeningSocket final : private event::AcceptHandler {
 public:
  // Takes this worker's descriptor out of `sockets`.
  ListeningSocket(proxy::Environment* environment, net::ListeningSockets* sockets);
  ~ListeningSocket();

  // Nobody new, from now on: to be called on all that are going to be destroyed together, which else wait one after
  // another for their last handshakes.
  void Refuse() { acceptor_->Refuse(); }

  void set_listener(WorkerListener* listener) { listener_ = listener; }
  // Whether its listener still has this address.
  bool wanted() const { return !listener_->draining() && listener_->sockets() == sockets_; }

 private:
  // event::AcceptHandler:
  void OnAccepted(int fd, const sockaddr* peer, socklen_t peer_length) override;
  void OnAcceptError(int error) override;

  proxy::Environment* const environment_;
  const net::ListeningSockets* const sockets_;
  WorkerListener* listener_ = nullptr;
  event::Acceptor* acceptor_;
};

}  // namespace fairlead::worker
