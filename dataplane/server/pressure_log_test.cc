#include "dataplane/server/pressure_log.h"

#include <gtest/gtest.h>

namespace fairlead::server {
namespace {

TEST(PressureLog, SaysNothingWhereNothingHappens) {
  PressureLog log("no descriptors left");
  EXPECT_EQ(log.Look(0, 0), "");
  EXPECT_EQ(log.Look(0, 1'000'000), "");
}

TEST(PressureLog, SaysItAtOnceAndThenWithItsPauses) {
  PressureLog log("no descriptors left");
  EXPECT_EQ(log.Look(1, 100), "no descriptors left (1 time)");
  EXPECT_EQ(log.Look(50, 100 + PressureLog::kQuietMs - 1), "");
  EXPECT_EQ(log.Look(60, 100 + PressureLog::kQuietMs), "no descriptors left (59 times)");
  EXPECT_EQ(log.Look(60, 1'000'000), "") << "it is over";
}

}  // namespace
}  // namespace fairlead::server
