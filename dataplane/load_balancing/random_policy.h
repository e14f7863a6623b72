#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/weighted_slots.h"

namespace fairlead::load_balancing {

// RANDOM: each request draws a server by weight, whatever came before. 8 bytes for a server.
class RandomPolicy final : public Policy {
 public:
  // `random` outlives the policy.
  explicit RandomPolicy(Random* random) : random_(random) {}

  void SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>* active_requests) override;
  std::optional<config::ServerSlot> Pick(config::ServerSlot avoid) override;

 private:
  Random* const random_;
  WeightedSlots servers_;
};

}  // namespace fairlead::load_balancing
