#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/backend.h"
#include "dataplane/config/slots.h"
#include "dataplane/metrics/backend_counters.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/rotation.h"
#include "dataplane/upstream/server.h"
#include "dataplane/upstream/wait_queue.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::upstream {

class Backends;

// What became of a request that asked a backend for a server.
struct Admission {
  enum class Outcome : uint8_t {
    kAdmitted,          // `choice` says where
    kWaiting,           // its Waiter will hear
    kNoEligibleServer,  // none may take requests
    kNoRoom,            // those that may are at their limits, and no more may wait
  };
  Outcome outcome;
  Choice choice;
};

// One worker's side of one backend: the rotation over its servers, those that were picked so far, and the requests that
// wait for one. Lives as long as the backend does in the snapshots that the worker adopts; on the worker's thread
// alone.
//
// Who waits and who frees a place (in another worker, maybe) do not miss each other, because both do two things in
// turn, all of them sequentially consistent:
//
//     who waits: (1) publishes that somebody waits (WaitQueue::Enter); (2) looks whether there is room (Serve)
//     who frees: (3) counts the server down (Server::EndRequest and others), and writes that it has room into the log
//                    that all workers read (OnRoom); (4) looks whether anybody waits, and wakes him (Serve)
//
// If (2) does not see what (3) did, then (2) comes before (3), so (1) before (4), which sees it. (3) and (4) are needed
// only by those who count from the limit down: whoever found the server at its limit did so before one of these, and
// those after it find room in use or the way of a wake-up. And a worker that is woken hands on what it does not take
// itself: it goes on (Serve) until there is no room, or nobody waits, or one waits elsewhere who has a better right,
// and whom it wakes in turn.
class Backend final : public ServerOwner {
 public:
  Backend(Environment* environment, Backends* backends, config::BackendSlot slot, const config::Backend* config);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // Asks for a server with room for `waiter`'s request, whose `demand` lives for as long as it waits. Who waits for
  // this backend already keeps his place.
  Admission Admit(Waiter* waiter, const Demand& demand);

  // Gives those who wait what room there is; see above.
  void Serve();
  // Another worker's message: there may be room for one who waits here.
  void OnWoken();

  // This worker's, over all revisions.
  metrics::BackendWorkerCounters& counters() {
    if (counters_ == nullptr) counters_ = &config_->counters->of_worker(environment_->worker_index);
    return *counters_;
  }

  // Whether `config` is of this backend, not of another that has got its slot.
  bool serves(const config::Backend& config) const { return config.settings->id == config_->settings->id; }
  // The same, by what its revisions share, which may be gone.
  bool shares(const metrics::BackendAdmission* admission) const { return config_->admission.get() == admission; }

  // The backend of the same id in the next revision. Its settings are taken over at once; of its servers those that
  // UpdateServer names afterwards. Settle must follow.
  void Update(const config::Backend* config);
  // The server in this slot was added, changed or removed. O(log n).
  void UpdateServer(config::ServerSlot slot);
  // All changes of the revision have been made.
  void Settle();

  // As the configuration has it now; null where the slot is free.
  const config::Server* Configured(config::ServerSlot slot) const;
  // Null for one that was never picked.
  Server* Find(config::ServerSlot slot) const { return slot < servers_.size() ? servers_[slot].get() : nullptr; }

 private:
  // ServerOwner:
  void OnRoom(config::ServerSlot slot) override;
  void ClaimConnection(config::ServerSlot slot) override;

  // From the rotation, out of which it takes what has no room.
  std::optional<Choice> TryAdmit(const Demand& demand);
  Server& ServerAt(config::ServerSlot slot);
  void TakeOutIfFull(config::ServerSlot slot);
  // Puts back what the log says has room again.
  void CatchUp();
  void PutBackIfRoom(config::ServerSlot slot);
  // Whether one waits elsewhere who has a better right to the next place than the first here; he is woken then.
  bool YieldToOlder();
  Admission Enqueue(Waiter* waiter, const Demand& demand);

  Environment* const environment_;
  Backends* const backends_;
  const config::BackendSlot slot_;
  const config::Backend* config_;
  metrics::BackendWorkerCounters* counters_ = nullptr;  // until they are first needed
  Rotation rotation_;
  // By slot; null for those that were never picked.
  std::vector<std::unique_ptr<Server>> servers_;
  WaitQueue queue_;
  bool queue_in_use_ = false;  // somebody waits, or may
  uint64_t log_position_ = 0;  // up to which the log of freed places was read; meaningful while the rotation lacks some
};

}  // namespace fairlead::upstream
