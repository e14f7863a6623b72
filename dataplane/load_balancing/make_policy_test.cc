#include "dataplane/load_balancing/make_policy.h"

#include <memory>

#include "dataplane/config/backend.h"
#include "dataplane/load_balancing/hash_policy.h"
#include "dataplane/load_balancing/least_request.h"
#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/random_policy.h"
#include "dataplane/load_balancing/round_robin.h"
#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

template <typename T>
bool Makes(config::LoadBalancingPolicy policy) {
  Random random(1);
  const std::unique_ptr<Policy> made = MakePolicy(policy, &random);
  return dynamic_cast<const T*>(made.get()) != nullptr;
}

TEST(MakePolicy, MakesThePolicyOfTheName) {
  EXPECT_TRUE(Makes<RoundRobin>(config::LoadBalancingPolicy::kRoundRobin));
  EXPECT_TRUE(Makes<LeastRequest>(config::LoadBalancingPolicy::kLeastRequest));
  EXPECT_TRUE(Makes<RandomPolicy>(config::LoadBalancingPolicy::kRandom));
  EXPECT_TRUE(Makes<HashPolicy>(config::LoadBalancingPolicy::kHash));
}

}  // namespace
}  // namespace fairlead::load_balancing
