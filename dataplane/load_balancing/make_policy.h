#pragma once

#include <memory>

#include "dataplane/config/backend.h"
#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"

namespace fairlead::load_balancing {

// The policy of that name, without servers. `random` outlives it. Workers rotate independently: `random`, differently
// seeded in each, also decides where each begins.
std::unique_ptr<Policy> MakePolicy(config::LoadBalancingPolicy policy, Random* random);

}  // namespace fairlead::load_balancing
