#pragma once

#include <cstdint>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/slots.h"
#include "dataplane/load_balancing/policy.h"

namespace fairlead::upstream {

class Server;
class WaitQueue;

// How a request that was admitted to a server gets its connection (Server::Acquire).
enum class ConnectionPlace : uint8_t {
  kIdle,     // takes an idle one
  kShared,   // takes a stream of one that others use, too, or that is idle
  kNew,      // opens one
  kAwaited,  // opens one, once another worker has closed an idle one to make room for it
};

// A server that a request was admitted to: it counts there, until Server::EndRequest. Server::Acquire must follow at
// once.
struct Choice {
  Server* server = nullptr;
  config::ServerSlot slot = load_balancing::Policy::kNone;
  ConnectionPlace place = ConnectionPlace::kNew;
};

// What a request asks of the server that it gets.
struct Demand {
  // Servers that are not chosen where there is another: the one that was tried last, and the one before.
  config::ServerSlot avoid = load_balancing::Policy::kNone;
  config::ServerSlot avoid_too = load_balancing::Policy::kNone;
  // Of what the backend is balanced by, where that is part of the request.
  uint64_t hash = 0;
  bool has_hash = false;
  bool fresh = false;  // a connection that was not used before
};

// A request, or a TCP connection, that asks a backend for a server, and waits in its queue where all servers are at
// their limits. On its worker's thread alone. What it is told never comes from inside a call of its own.
class Waiter : public base::ListNode {
 public:
  // Where it has waited: its turn has come.
  virtual void OnAdmitted(const Choice& choice) = 0;
  // A newer revision was adopted meanwhile, and its turn may have come: it is to be routed by that revision and to ask
  // the backend that comes of it. Where that is the same one, it has kept its place in the queue.
  virtual void OnRevision() = 0;
  // It has waited for as long as it may, and waits no more.
  virtual void OnQueueTimeout() = 0;

  bool waiting() const { return linked(); }
  // Waits no more. It may not have waited.
  void Leave();

 protected:
  Waiter() = default;
  ~Waiter() { Leave(); }

 private:
  friend class Backend;
  friend class Backends;
  friend class WaitQueue;

  WaitQueue* queue_ = nullptr;  // null while waiting: that of a backend that was removed
  uint64_t since_ms_ = 0;
  uint64_t adoption_ = 0;  // Environment::adoptions by which it was routed
  const Demand* demand_ = nullptr;
};

}  // namespace fairlead::upstream
