#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/config/backend.h"
#include "dataplane/load_balancing/hash_policy.h"
#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::upstream {

// One worker's rotation over one backend's servers: those that may take requests, without those that were found to be
// at a limit. Decides whether health is looked at (LoadBalancing.panic_threshold); all counts move with each change, so
// that a change costs no look at the other servers. Owned by the worker's Backend, on its thread alone. A byte for each
// server beside the policy's own.
class Rotation {
 public:
  // `random` outlives it. Empty until servers are set.
  Rotation(load_balancing::Random* random, const config::Backend* config);

  // The backend in the next revision: settings, and what SetServer reads. Settle must follow.
  void Update(const config::Backend* config);
  // The server in this slot was added, changed or removed. One that was taken out is back. O(log n).
  void SetServer(config::ServerSlot slot);
  // All changes of a revision have been made: decides about panic. O(1), but O(n log n) when that begins or ends.
  void Settle();

  // The server for a request; none when the rotation is empty. O(log n).
  std::optional<config::ServerSlot> Pick(const Demand& demand) {
    if (demand.has_hash && hash_policy_ != nullptr) [[unlikely]]
      return hash_policy_->PickFor(demand.hash, demand.avoid, demand.avoid_too);
    return policy_->Pick(demand.avoid);
  }

  // Takes a server out that has no room, and puts it back: it keeps its place. O(log n).
  void TakeOut(config::ServerSlot slot);
  void PutBack(config::ServerSlot slot);
  bool IsOut(config::ServerSlot slot) const { return slot < flags_.size() && (flags_[slot] & kOut) != 0; }
  // Servers that were taken out.
  uint32_t out() const { return out_; }
  // Calls `visit(slot)` for each of these, which it may put back. O(n).
  template <typename Visit>
  void ForEachOut(Visit visit) {
    for (config::ServerSlot slot = 0; slot < flags_.size(); ++slot) {
      if (IsOut(slot)) visit(slot);
    }
  }

  // No server is in rotation.
  bool empty() const { return in_rotation_ == 0; }
  // Servers that may take requests, those that were taken out included.
  uint32_t takers() const { return panic_ ? candidates_ : eligible_; }
  bool panic() const { return panic_; }

 private:
  static constexpr uint8_t kCandidate = 1;   // READY, with a weight
  static constexpr uint8_t kEligible = 2;    // besides of a health that lets it be picked
  static constexpr uint8_t kInRotation = 4;  // has its weight in the policy
  static constexpr uint8_t kOut = 8;

  // Null where the slot is free.
  const config::Server* Configured(config::ServerSlot slot) const;
  // Brings the policy's weight in line with the flags.
  void Apply(config::ServerSlot slot);
  void MakePolicy();
  bool WantsPanic() const;

  load_balancing::Random* const random_;
  const config::Backend* config_;
  std::unique_ptr<load_balancing::Policy> policy_;
  load_balancing::HashPolicy* hash_policy_ = nullptr;  // the same, where it is one
  config::LoadBalancingPolicy policy_kind_;
  bool unknown_is_eligible_;
  bool panic_ = false;
  std::vector<uint8_t> flags_;  // by slot
  uint32_t candidates_ = 0;
  uint32_t eligible_ = 0;
  uint32_t in_rotation_ = 0;
  uint32_t out_ = 0;
};

}  // namespace fairlead::upstream
