#pragma once

#include <memory>
#include <vector>

#include "dataplane/config/slots.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/upstream/backend.h"
#include "dataplane/upstream/environment.h"

namespace fairlead::upstream {

// One worker's backends, by slot. Owned by the worker, on its thread alone.
class Backends {
 public:
  explicit Backends(Environment* environment) : environment_(environment) {}

  // Of a slot that the current snapshot's routes name.
  Backend* Get(config::BackendSlot slot) const { return backends_[slot].get(); }

  // Goes over to `snapshot`, which differs from the one before by `changes`: O(changes · log n). Exchanges that lose
  // their server are told, not moved: they go on when the caller's TurnScope ends.
  void Adopt(const config::Snapshot& snapshot, const config::ChangeList& changes);
  // Closes all connections. No exchange is under way.
  void Clear() { backends_.clear(); }

 private:
  Environment* const environment_;
  std::vector<std::unique_ptr<Backend>> backends_;
};

}  // namespace fairlead::upstream
