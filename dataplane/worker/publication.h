#pragma once

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "dataplane/config/snapshot.h"

namespace fairlead::worker {

// A snapshot on its way through the workers. Made and destroyed by the WorkerPool on the control thread; workers read
// the snapshot and the changes, nothing else, until each of them has said that it needs them no more.
struct Publication {
  uint64_t sequence = 0;  // grows by one with each
  std::shared_ptr<const config::Snapshot> snapshot;
  config::ChangeList changes;

  // The control thread's own:
  int not_adopted = 0;   // workers that do not serve it yet
  int not_released = 0;  // workers that may still read it
  absl::AnyInvocable<void()> on_all_adopted;
};

}  // namespace fairlead::worker
