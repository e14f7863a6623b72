#include "controlplane-mock/clock_estimate.h"

#include <gtest/gtest.h>

namespace fairlead::controlplane_mock {
namespace {

v1::Clock Answer(uint64_t received_us, uint64_t sent_us) {
  v1::Clock clock;
  clock.set_received_us(received_us);
  clock.set_sent_us(sent_us);
  return clock;
}

TEST(ClockEstimate, KnowsNothingAtFirst) { EXPECT_EQ(ClockEstimate().offset_us(), std::nullopt); }

TEST(ClockEstimate, TellsHowFarAClockIsAheadOrBehind) {
  ClockEstimate ahead;
  ahead.Add(Answer(6'000'100, 6'000'150), 1'000'000, 1'000'250);  // 100 there, 50 at the proxy, 100 back
  EXPECT_EQ(ahead.offset_us(), 5'000'000);
  EXPECT_EQ(ahead.round_trip_us(), 200u);
  ClockEstimate behind;
  behind.Add(Answer(1'000'000, 1'000'000), 4'000'000, 4'000'000);
  EXPECT_EQ(behind.offset_us(), -3'000'000);
}

TEST(ClockEstimate, TheFastestAnswerCounts) {
  ClockEstimate estimate;
  estimate.Add(Answer(1'009'000, 1'009'000), 1'000'000, 1'010'000);  // slow on its way there: 4 ms wrong
  EXPECT_EQ(estimate.offset_us(), 4'000);
  estimate.Add(Answer(2'000'100, 2'000'100), 2'000'000, 2'000'200);
  estimate.Add(Answer(3'000'000, 3'000'000), 3'000'000, 3'010'000);
  EXPECT_EQ(estimate.offset_us(), 0);
  EXPECT_EQ(estimate.round_trip_us(), 200u);
  EXPECT_EQ(estimate.samples(), 3);
}

}  // namespace
}  // namespace fairlead::controlplane_mock
