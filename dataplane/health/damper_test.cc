#include "dataplane/health/damper.h"

#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

constexpr config::FlapDamping kRule{.half_life_ms = 60'000, .suppress = 3'000, .reuse = 1'000};

TEST(Damper, APenaltyDecaysByHalfInEachHalfLife) {
  Damper damper;
  damper.AddTurn(kRule, 5'000);
  EXPECT_DOUBLE_EQ(damper.PenaltyAt(kRule, 5'000), 1'000);
  EXPECT_DOUBLE_EQ(damper.PenaltyAt(kRule, 65'000), 500);
  EXPECT_DOUBLE_EQ(damper.PenaltyAt(kRule, 125'000), 250);
}

TEST(Damper, SuppressesAboveTheThresholdAndUntilBelowTheOther) {
  Damper damper;
  for (int turn = 0; turn < 3; ++turn) damper.AddTurn(kRule, 0);
  EXPECT_FALSE(damper.IsSuppressed(kRule, 0));  // 3,000 is not above 3,000
  damper.AddTurn(kRule, 0);
  EXPECT_TRUE(damper.IsSuppressed(kRule, 0));
  EXPECT_TRUE(damper.IsSuppressed(kRule, 60'000));   // 2,000
  EXPECT_TRUE(damper.IsSuppressed(kRule, 120'000));  // 1,000 is not below 1,000
  EXPECT_FALSE(damper.IsSuppressed(kRule, 120'001));
}

TEST(Damper, TellsWhenItIsOver) {
  Damper damper;
  for (int turn = 0; turn < 4; ++turn) damper.AddTurn(kRule, 0);
  const uint64_t reuse_ms = damper.ReuseAt(kRule, 7);
  EXPECT_NEAR(static_cast<double>(reuse_ms), 120'001, 1);
  EXPECT_FALSE(damper.IsSuppressed(kRule, reuse_ms));
  EXPECT_TRUE(damper.IsSuppressed(kRule, reuse_ms - 2));
}

TEST(Damper, WhatWasSuppressedOnceIsNotAnyMoreWhenItsPenaltyHasGone) {
  Damper damper;
  for (int turn = 0; turn < 4; ++turn) damper.AddTurn(kRule, 0);
  damper.AddTurn(kRule, 600'000);  // ten half-lives later it begins anew
  EXPECT_FALSE(damper.IsSuppressed(kRule, 600'000));
}

TEST(Damper, CalmBringsItBackInFourHalfLivesHoweverOftenItTurned) {
  Damper damper;
  for (int turn = 0; turn < 1'000; ++turn) damper.AddTurn(kRule, 0);
  EXPECT_TRUE(damper.IsSuppressed(kRule, 239'000));
  EXPECT_FALSE(damper.IsSuppressed(kRule, 240'001));
}

TEST(Damper, AReuseFarBelowStillLetsItBeSuppressed) {
  constexpr config::FlapDamping kSteep{.half_life_ms = 1'000, .suppress = 5'000, .reuse = 1};
  Damper damper;
  for (int turn = 0; turn < 6; ++turn) damper.AddTurn(kSteep, 0);
  EXPECT_TRUE(damper.IsSuppressed(kSteep, 0));
}

}  // namespace
}  // namespace fairlead::health
