#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/slots.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/upstream/backend.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::upstream {

// A worker's claim on the place of an idle connection, on its way from worker to worker until one has closed such a
// connection.
struct ConnectionClaim {
  config::BackendSlot backend;
  config::ServerSlot server;
  // Tells the server from another that has got its slot. Only to be compared: a worker that has a server with these
  // counters has not gone over to the revision that removes it, so they live; one that has not, no more, drops the
  // claim or hands it on (OnClaim).
  const metrics::ServerCounters* counters;
  int claimant;
  uint64_t adoption;  // the claimant's Environment::adoptions
};

// One worker's backends, by slot. Owned by the worker, on its thread alone, but for the messages that Peers carry.
class Backends final : private event::TurnWorker {
 public:
  explicit Backends(Environment* environment) : environment_(environment) {}

  // Of a slot that the current snapshot's routes name.
  Backend* Get(config::BackendSlot slot) const { return backends_[slot].get(); }

  // Goes over to `snapshot`, which differs from the one before by `changes`: O(changes · log n). Exchanges that lose
  // their server, and those that wait for one, are told, not moved: they go on when the caller's TurnScope ends.
  void Adopt(const config::Snapshot& snapshot, const config::ChangeList& changes);
  // Closes all connections. No exchange is under way.
  void Clear() { backends_.clear(); }

  // Messages of other workers, on this one's thread:
  // there may be room for one who waits for this backend here;
  void Wake(config::BackendSlot backend, const metrics::BackendAdmission* admission);
  // an idle connection is to be closed, here or in the next worker;
  void OnClaim(const ConnectionClaim& claim);
  // for this worker's claim one was.
  void OnPlaceGranted(const ConnectionClaim& claim);

 private:
  friend class Backend;

  // Of backends:
  // Backend::Serve is to run at the end of the callback that is running.
  void ServeLater(config::BackendSlot backend);
  // The backend goes, and leaves these.
  void TakeOver(base::IntrusiveList<Waiter>* waiters);
  // On to the next worker.
  void Forward(const ConnectionClaim& claim);

  // event::TurnWorker:
  void RunTurnWork() override;

  // Null when it is not, or not yet, or no longer here.
  Backend* FindBackendOf(const ConnectionClaim& claim) const;

  Environment* const environment_;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::vector<config::BackendSlot> to_serve_;
  base::IntrusiveList<Waiter> left_behind_;  // by backends that are gone
};

}  // namespace fairlead::upstream
