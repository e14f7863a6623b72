#pragma once

#include <map>
#include <memory>
#include <vector>

#include "dataplane/config/snapshot.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/worker/worker_listener.h"

namespace fairlead::worker {

// One worker's listeners and their sockets. Owned by the worker, on its thread alone.
class Listeners {
 public:
  explicit Listeners(proxy::Environment* environment) : environment_(environment) {}

  // Goes over to `snapshot`, whose listeners in `changed` differ from the one before. New sockets open before old ones
  // close, and what waits in the kernel's queue of one that closes is accepted.
  void Adopt(const config::Snapshot& snapshot, const std::vector<config::ListenerSlot>& changed);
  // Accepts no more, for good; connections end with their next response.
  void Drain();
  // Cuts all connections.
  void Clear();

 private:
  void AdoptOne(const config::Snapshot& snapshot, config::ListenerSlot slot);
  // While draining: nobody accepts what comes by new sockets, so that clients are to be refused, not to wait there.
  void CloseNew(const config::Snapshot& snapshot, const std::vector<config::ListenerSlot>& changed);
  void CloseUnwanted();
  void CloseAll();
  // Has the listener go, but stay for the connections that it has.
  void Leave(std::unique_ptr<WorkerListener>& listener);

  proxy::Environment* const environment_;
  std::vector<std::unique_ptr<WorkerListener>> listeners_;  // by slot
  std::vector<std::unique_ptr<WorkerListener>> leaving_;    // until their last connection has ended
  std::map<const net::ListeningSockets*, std::unique_ptr<ListeningSocket>> sockets_;
  bool draining_ = false;
};

}  // namespace fairlead::worker
