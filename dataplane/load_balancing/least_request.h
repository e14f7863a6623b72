#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/weighted_slots.h"

namespace fairlead::load_balancing {

// LEAST_REQUEST: draws two different servers by weight and takes the one with fewer requests for its weight; on a tie
// the first drawn. Two choices keep the longest queue short (Mitzenmacher, "The power of two choices in randomized load
// balancing", 1996), and unlike "the least of all" they do not send every worker's next request to the same server.
//
// Requests are counted over all workers; what is compared may be a moment old. 16 bytes for a server.
class LeastRequest final : public Policy {
 public:
  // `random` outlives the policy.
  explicit LeastRequest(Random* random) : random_(random) {}

  void SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>* active_requests) override;
  std::optional<config::ServerSlot> Pick(config::ServerSlot avoid) override;

 private:
  // Whether `slot` answers fewer requests for its weight than `other`.
  bool IsLessBusy(config::ServerSlot slot, config::ServerSlot other) const;

  Random* const random_;
  WeightedSlots servers_;
  std::vector<const std::atomic<uint32_t>*> active_requests_;  // by slot
};

}  // namespace fairlead::load_balancing
