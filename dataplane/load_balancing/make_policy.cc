#include "dataplane/load_balancing/make_policy.h"

#include "dataplane/load_balancing/hash_policy.h"
#include "dataplane/load_balancing/least_request.h"
#include "dataplane/load_balancing/random_policy.h"
#include "dataplane/load_balancing/round_robin.h"

namespace fairlead::load_balancing {

std::unique_ptr<Policy> MakePolicy(config::LoadBalancingPolicy policy, Random* random) {
  switch (policy) {
    case config::LoadBalancingPolicy::kRoundRobin:
      break;
    case config::LoadBalancingPolicy::kLeastRequest:
      return std::make_unique<LeastRequest>(random);
    case config::LoadBalancingPolicy::kRandom:
      return std::make_unique<RandomPolicy>(random);
    case config::LoadBalancingPolicy::kHash:
      return std::make_unique<HashPolicy>(random);
  }
  return std::make_unique<RoundRobin>(random);
}

}  // namespace fairlead::load_balancing
