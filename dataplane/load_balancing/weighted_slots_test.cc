#include "dataplane/load_balancing/weighted_slots.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "dataplane/load_balancing/policy.h"
#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

constexpr config::ServerSlot kNone = Policy::kNone;

WeightedSlots With(const std::vector<uint32_t>& weights) {
  WeightedSlots slots;
  for (size_t slot = 0; slot < weights.size(); ++slot) slots.SetWeight(slot, weights[slot]);
  return slots;
}

TEST(WeightedSlots, DrawsNothingWhereNothingIs) {
  Random random(1);
  EXPECT_EQ(WeightedSlots().DrawExcept(kNone, kNone, random), std::nullopt);
  EXPECT_EQ(With({0, 0}).DrawExcept(kNone, kNone, random), std::nullopt);
}

TEST(WeightedSlots, DrawsNothingWhenAllAreExcluded) {
  Random random(1);
  EXPECT_EQ(With({0, 5}).DrawExcept(1, kNone, random), std::nullopt);
  EXPECT_EQ(With({0, 5}).DrawExcept(1, 1, random), std::nullopt);
  EXPECT_EQ(With({3, 5}).DrawExcept(1, 0, random), std::nullopt);
}

// Every pair of exclusions, in either order, those without weight and beyond the end among them.
TEST(WeightedSlots, DrawsByWeightAmongAllButTheExcluded) {
  const std::vector<uint32_t> weights = {4, 0, 1, 7, 2, 6, 3};
  const WeightedSlots slots = With(weights);
  Random random(1);
  for (config::ServerSlot first = 0; first <= weights.size(); ++first) {
    for (config::ServerSlot second = 0; second <= weights.size(); ++second) {
      uint32_t rest = 0;
      for (config::ServerSlot slot = 0; slot < weights.size(); ++slot) {
        if (slot != first && slot != second) rest += weights[slot];
      }
      std::map<config::ServerSlot, int> drawn;
      constexpr int kDraws = 4'000;
      for (int i = 0; i < kDraws; ++i) ++drawn[slots.DrawExcept(first, second, random).value()];
      for (config::ServerSlot slot = 0; slot < weights.size(); ++slot) {
        const double chance = slot == first || slot == second ? 0 : double(weights[slot]) / rest;
        // Five standard deviations.
        EXPECT_NEAR(drawn[slot], kDraws * chance, 5 * std::sqrt(kDraws * chance * (1 - chance)))
            << slot << " without " << first << " and " << second;
      }
    }
  }
}

TEST(WeightedSlots, DrawsByTheNewWeightAfterAChange) {
  WeightedSlots slots = With({5, 5, 5});
  slots.SetWeight(0, 0);
  slots.SetWeight(2, 0);
  Random random(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(slots.DrawExcept(kNone, kNone, random), 1u);
  slots.SetWeight(2, 1);
  slots.SetWeight(1, 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(slots.DrawExcept(kNone, kNone, random), 2u);
  EXPECT_EQ(slots.weight(2), 1u);
  EXPECT_EQ(slots.weight(9), 0u);
}

}  // namespace
}  // namespace fairlead::load_balancing
