#include "dataplane/metrics/server_counters.h"

#include "gtest/gtest.h"

namespace fairlead::metrics {
namespace {

// There may be 100,000 of them, and few that this worker or that one uses.
TEST(ServerCounters, CostThreeWordsUntilAWorkerUsesTheServer) {
  static_assert(sizeof(ServerCounters) <= 24);
  ServerCounters counters;
  EXPECT_TRUE(counters.empty());
  EXPECT_EQ(counters.active_requests.load(), 0u);
}

TEST(ServerCounters, KeepsEachWorkersNumbersApart) {
  ServerCounters counters;
  counters.of_worker(1).requests.Add(7);
  counters.of_worker(2).responses[4].Increment();
  EXPECT_EQ(counters.of_worker(0).requests.value(), 0u);
  EXPECT_EQ(counters.of_worker(1).requests.value(), 7u);
  EXPECT_EQ(counters.of_worker(1).responses[4].value(), 0u);
  EXPECT_EQ(counters.of_worker(2).responses[4].value(), 1u);
}

}  // namespace
}  // namespace fairlead::metrics
