#include "dataplane/health/fail_safe.h"

#include <array>

#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

constexpr config::FailSafe kRule{.max_share = 0.3, .within_ms = 60'000};

TEST(FailSafe, TheLimitIsTheShareRoundedDownAndAtLeastOne) {
  EXPECT_EQ(FailSafe::Limit(kRule, 100), 30);
  EXPECT_EQ(FailSafe::Limit(kRule, 10), 3);  // 0.3 * 10 is 2.9999999999999996
  EXPECT_EQ(FailSafe::Limit(kRule, 9), 2);
  EXPECT_EQ(FailSafe::Limit(kRule, 3), 1);
  EXPECT_EQ(FailSafe::Limit(kRule, 0), 1);
  EXPECT_EQ(FailSafe::Limit({.max_share = 1, .within_ms = 1}, 7), 7);
}

TEST(FailSafe, WhatWasTakenCountsForItsTimeAlone) {
  FailSafe fail_safe;
  std::array<FailSafe::Place, 2> places;
  fail_safe.Take(&places[0], 1'000);
  fail_safe.Take(&places[1], 2'000);
  fail_safe.Expire(kRule, 60'999);
  EXPECT_EQ(fail_safe.taken(), 2);
  fail_safe.Expire(kRule, 61'000);
  EXPECT_EQ(fail_safe.taken(), 1);
  EXPECT_FALSE(places[0].taken());
  EXPECT_EQ(fail_safe.first_taken(), &places[1]);
}

TEST(FailSafe, WhatIsHeldWaitsInItsOrder) {
  FailSafe fail_safe;
  std::array<FailSafe::Place, 3> places;
  for (FailSafe::Place& place : places) fail_safe.Hold(&place, 1'000);
  fail_safe.Hold(&places[0], 2'000);  // still the first
  EXPECT_EQ(fail_safe.first_held(), &places[0]);
  EXPECT_EQ(places[0].since_ms(), 1'000);
  FailSafe::Drop(&places[0]);
  EXPECT_EQ(fail_safe.first_held(), &places[1]);
  fail_safe.Take(&places[1], 3'000);
  EXPECT_TRUE(places[1].taken());
  EXPECT_EQ(fail_safe.first_held(), &places[2]);
  EXPECT_EQ(fail_safe.held(), 1);
  EXPECT_EQ(fail_safe.taken(), 1);
}

TEST(FailSafe, AServerThatEndsLeavesItsPlace) {
  FailSafe fail_safe;
  std::array<FailSafe::Place, 2> stay;
  fail_safe.Take(&stay[0], 1);
  {
    FailSafe::Place goes;
    fail_safe.Take(&goes, 2);
    fail_safe.Take(&stay[1], 3);
    EXPECT_EQ(fail_safe.taken(), 3);
  }
  EXPECT_EQ(fail_safe.taken(), 2);
  fail_safe.Expire(kRule, 100'000);
  EXPECT_EQ(fail_safe.taken(), 0);
}

TEST(FailSafe, ItsEndLeavesServersWithoutAPlace) {
  FailSafe::Place taken;
  FailSafe::Place held;
  {
    FailSafe fail_safe;
    fail_safe.Take(&taken, 1);
    fail_safe.Hold(&held, 1);
  }
  EXPECT_FALSE(taken.taken());
  EXPECT_FALSE(held.held());
}

}  // namespace
}  // namespace fairlead::health
