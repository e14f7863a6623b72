#include "dataplane/base/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fairlead::base {
namespace {

TEST(Backoff, BoundsDoubleFromATenthOfASecondToTenSeconds) {
  // The longest of many delays comes near the bound, the shortest near 0.
  std::vector<uint64_t> longest(10, 0), shortest(10, UINT64_MAX);
  for (uint32_t seed = 1; seed <= 1'000; ++seed) {
    Backoff backoff(seed);
    for (size_t i = 0; i < longest.size(); ++i) {
      const uint64_t delay = backoff.NextDelayMs();
      longest[i] = std::max(longest[i], delay);
      shortest[i] = std::min(shortest[i], delay);
    }
  }
  const std::vector<uint64_t> bounds = {100, 200, 400, 800, 1'600, 3'200, 6'400, 10'000, 10'000, 10'000};
  for (size_t i = 0; i < bounds.size(); ++i) {
    EXPECT_LE(longest[i], bounds[i]);
    EXPECT_GE(longest[i], bounds[i] * 95 / 100);
    EXPECT_LE(shortest[i], bounds[i] * 5 / 100);
  }
}

TEST(Backoff, GoesNoFurtherThanAskedFor) {
  Backoff backoff(1, 300);
  uint64_t longest = 0;
  for (int i = 0; i < 1'000; ++i) longest = std::max(longest, backoff.NextDelayMs());
  EXPECT_LE(longest, 300u);
  EXPECT_GE(longest, 280u);
}

TEST(Backoff, BeginsAnewAfterASuccess) {
  Backoff backoff(1);
  for (int i = 0; i < 10; ++i) backoff.NextDelayMs();
  backoff.Reset();
  for (int i = 0; i < 100; ++i) {
    EXPECT_LE(backoff.NextDelayMs(), Backoff::kFirstBoundMs);
    backoff.Reset();
  }
}

}  // namespace
}  // namespace fairlead::base
