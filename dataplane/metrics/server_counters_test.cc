#include "dataplane/metrics/server_counters.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace fairlead::metrics {
namespace {

TEST(ServerCounters, KeepsEachWorkersNumbersApart) {
  ServerCounters counters(3);
  ASSERT_EQ(counters.workers(), 3);
  counters.of_worker(1).requests.Add(7);
  counters.of_worker(2).responses[4].Increment();
  EXPECT_EQ(counters.of_worker(0).requests.value(), 0u);
  EXPECT_EQ(counters.of_worker(1).requests.value(), 7u);
  EXPECT_EQ(counters.of_worker(1).responses[4].value(), 0u);
  EXPECT_EQ(counters.of_worker(2).responses[4].value(), 1u);
}

// Or two workers would take the line from each other with every request.
TEST(ServerCounters, GivesEachWorkerCacheLinesOfItsOwn) {
  ServerCounters counters(4);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(reinterpret_cast<uintptr_t>(&counters.of_worker(i)) % 64, 0u);
  EXPECT_EQ(counters.active_requests.load(), 0u);
}

}  // namespace
}  // namespace fairlead::metrics
