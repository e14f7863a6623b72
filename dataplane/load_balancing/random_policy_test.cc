#include "dataplane/load_balancing/random_policy.h"

#include <cmath>
#include <map>

#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

TEST(RandomPolicy, DrawsEachServerByItsWeight) {
  Random random(1);
  RandomPolicy policy(&random);
  const std::map<config::ServerSlot, uint32_t> weights = {{0, 5}, {3, 3}, {7, 2}};
  for (auto [slot, weight] : weights) policy.SetWeight(slot, weight, nullptr);
  std::map<config::ServerSlot, int> picks;
  constexpr int kPicks = 100'000;
  for (int i = 0; i < kPicks; ++i) ++picks[policy.Pick(Policy::kNone).value()];
  EXPECT_EQ(picks.size(), 3u);
  for (auto [slot, weight] : weights) {
    const double chance = weight / 10.0;
    // Five standard deviations.
    EXPECT_NEAR(picks[slot], kPicks * chance, 5 * std::sqrt(kPicks * chance * (1 - chance)));
  }
}

// Where round robin would never pick a server of equal weight twice in a row, half of all draws do.
TEST(RandomPolicy, RemembersNothingOfEarlierDraws) {
  Random random(1);
  RandomPolicy policy(&random);
  policy.SetWeight(0, 1, nullptr);
  policy.SetWeight(1, 1, nullptr);
  int repeats = 0;
  std::optional<config::ServerSlot> last;
  for (int i = 0; i < 10'000; ++i) {
    const std::optional<config::ServerSlot> pick = policy.Pick(Policy::kNone);
    if (pick == last) ++repeats;
    last = pick;
  }
  // Five standard deviations: sqrt(10,000) / 2 = 50.
  EXPECT_NEAR(repeats, 5'000, 5 * 50);
}

}  // namespace
}  // namespace fairlead::load_balancing
