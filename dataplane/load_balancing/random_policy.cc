#include "dataplane/load_balancing/random_policy.h"

namespace fairlead::load_balancing {

void RandomPolicy::SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>*) {
  servers_.SetWeight(slot, weight);
}

std::optional<config::ServerSlot> RandomPolicy::Pick(config::ServerSlot avoid) {
  std::optional<config::ServerSlot> other = servers_.DrawExcept(avoid, kNone, *random_);
  return other ? other : servers_.DrawExcept(kNone, kNone, *random_);
}

}  // namespace fairlead::load_balancing
