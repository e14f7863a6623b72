#pragma once

#include <string>

#include "dataplane/config/listener.h"
#include "dataplane/event/loop.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/listener_state.h"

namespace fairlead::worker {

// One worker's side of one listener: its socket and the connections that came by it. Used on the worker's thread alone;
// outlives its removal for as long as connections are open.
class WorkerListener final : private event::AcceptHandler {
 public:
  // Takes this worker's descriptor out of `config.sockets` and accepts.
  WorkerListener(proxy::Environment* environment, const config::Listener& config);
  // Kills the connections that are left, at the latest in the turn work of the caller's scope.
  ~WorkerListener();

  // Whether `config` is this listener in another revision.
  bool serves(const config::Listener& config) const { return config.id == id_; }
  // Takes over what has changed. Connections stay, even where the address changed.
  void Update(const config::Listener& config);
  // Accepts what the kernel still holds, then no more. Connections end with their next response.
  void Drain();
  // No connection is left.
  bool empty() const { return state_.open_connections == 0; }

 private:
  // event::AcceptHandler:
  void OnAccepted(int fd, const sockaddr* peer, socklen_t peer_length) override;
  void OnAcceptError(int error) override;

  void TakeSettings(const config::Listener& config);
  event::Acceptor* Open(const config::Listener& config);

  proxy::Environment* const environment_;
  const std::string id_;
  // To tell other sockets from the same; not to be read.
  const net::ListeningSockets* sockets_;
  proxy::ListenerState state_;
  event::Acceptor* acceptor_;
};

}  // namespace fairlead::worker
