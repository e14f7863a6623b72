#include "dataplane/load_balancing/random_policy.h"

namespace fairlead::load_balancing {

void RandomPolicy::SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>*) {
  servers_.SetWeight(slot, weight);
}

std::optional<config::ServerSlot> RandomPolicy::Pick(config::ServerSlot avoid) {
  return servers_.DrawAvoiding(avoid, random_->Next());
}

}  // namespace fairlead::load_balancing
