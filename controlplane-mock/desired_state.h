#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "fairlead/v1/resources.pb.h"

namespace fairlead::controlplane_mock {

// All resources of one state of a proxy, with their fingerprint. Immutable and shared: what many proxies have is held
// once.
struct State {
  v1::Snapshot snapshot;
  std::string fingerprint;
};
using StatePtr = std::shared_ptr<const State>;

StatePtr MakeState(v1::Snapshot snapshot);

// What every proxy should serve, and what it should have served before: a proxy that says in Hello that it has an
// earlier state needs only the difference. Owned by the Controller, for its thread.
class DesiredState {
 public:
  // How many states are remembered, the current one included.
  static constexpr size_t kRemembered = 64;

  // From now on proxies should serve this. It may be what they should serve already; the generation grows all the same,
  // since that is when what a proxy refused is tried again.
  void Set(v1::Snapshot snapshot);

  // Never null; empty before the first Set.
  const StatePtr& current() const { return states_.back(); }
  // Grows by one with each Set.
  uint64_t generation() const { return generation_; }
  // The current state or an earlier one that is still remembered; else null.
  StatePtr Find(const std::string& fingerprint) const;

 private:
  std::deque<StatePtr> states_{MakeState({})};
  uint64_t generation_ = 0;
};

}  // namespace fairlead::controlplane_mock
