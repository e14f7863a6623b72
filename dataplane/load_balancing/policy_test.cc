#include "dataplane/load_balancing/policy.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <random>

#include "dataplane/base/allocation_counter.h"
#include "dataplane/load_balancing/hash_policy.h"
#include "dataplane/load_balancing/least_request.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/random_policy.h"
#include "dataplane/load_balancing/round_robin.h"
#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

using config::ServerSlot;
constexpr ServerSlot kNone = Policy::kNone;

template <typename T>
class EveryPolicy : public testing::Test {
 protected:
  void SetWeight(ServerSlot slot, uint32_t weight) {
    policy_.SetWeight(slot, weight, weight == 0 ? nullptr : &active_requests_);
  }

  Random random_{1};
  std::atomic<uint32_t> active_requests_{0};
  T policy_{&random_};
};

using Policies = testing::Types<RoundRobin, LeastRequest, RandomPolicy, HashPolicy>;
TYPED_TEST_SUITE(EveryPolicy, Policies);

TYPED_TEST(EveryPolicy, PicksNothingWithoutServers) {
  EXPECT_EQ(this->policy_.Pick(kNone), std::nullopt);
  EXPECT_EQ(this->policy_.Pick(3), std::nullopt);
}

TYPED_TEST(EveryPolicy, PicksNothingWhenNoServerHasAWeight) {
  this->SetWeight(2, 0);
  EXPECT_EQ(this->policy_.Pick(kNone), std::nullopt);
  this->SetWeight(2, 5);
  EXPECT_EQ(this->policy_.Pick(kNone), 2u);
  this->SetWeight(2, 0);
  EXPECT_EQ(this->policy_.Pick(kNone), std::nullopt);
}

TYPED_TEST(EveryPolicy, PicksTheOnlyServerEvenWhereItShouldBeAvoided) {
  this->SetWeight(4, 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(this->policy_.Pick(4), 4u);
}

TYPED_TEST(EveryPolicy, PicksAnotherServerThanTheAvoidedIfThereIsOne) {
  this->SetWeight(0, 65'535);
  this->SetWeight(9, 1);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(this->policy_.Pick(0), 9u);
}

TYPED_TEST(EveryPolicy, AvoidsAServerThatIsNotThereWithoutHarm) {
  this->SetWeight(1, 1);
  this->SetWeight(5, 1);
  this->SetWeight(5, 0);
  for (ServerSlot avoid : {0u, 5u, 6u, 1'000u}) EXPECT_EQ(this->policy_.Pick(avoid), 1u);
}

TYPED_TEST(EveryPolicy, PicksAllThatHaveAWeightAndNoneElseWhateverChanges) {
  std::mt19937 random(1);
  std::map<ServerSlot, uint32_t> weights;
  for (int step = 0; step < 300; ++step) {
    for (int change = 0; change < 3; ++change) {
      const ServerSlot slot = random() % 40;
      const uint32_t weight = random() % 2 == 0 ? 0 : 1 + random() % 5;
      this->SetWeight(slot, weight);
      weights.erase(slot);
      if (weight > 0) weights[slot] = weight;
    }
    if (weights.empty()) {
      ASSERT_EQ(this->policy_.Pick(kNone), std::nullopt);
      continue;
    }
    std::map<ServerSlot, int> picks;
    // Enough that even chance leaves none out: of at most 40 servers a weight of 1 has 1/200 or more.
    for (int i = 0; i < 5'000; ++i) ++picks[this->policy_.Pick(kNone).value()];
    ASSERT_EQ(picks.size(), weights.size());
    for (auto [slot, count] : picks) ASSERT_TRUE(weights.contains(slot)) << slot;
  }
}

TYPED_TEST(EveryPolicy, TakesAtMost24BytesForEachOf100000Servers) {
  constexpr ServerSlot kServers = 100'000;
  base::AllocationCounter counter;
  for (ServerSlot slot = 0; slot < kServers; ++slot) this->SetWeight(slot, 1 + slot % 100);
  EXPECT_LE(counter.bytes_held(), 24 * kServers);
}

TYPED_TEST(EveryPolicy, AllocatesNothingForARequestOrForAKnownServersWeight) {
  for (ServerSlot slot = 0; slot < 100; ++slot) this->SetWeight(slot, 1);
  base::AllocationCounter counter;
  for (ServerSlot slot = 0; slot < 100; ++slot) {
    this->SetWeight(slot, slot % 3);
    this->policy_.Pick(slot);
  }
  EXPECT_EQ(counter.allocations(), 0u);
}

}  // namespace
}  // namespace fairlead::load_balancing
