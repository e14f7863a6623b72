#include "dataplane/metrics/counter.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"

namespace fairlead::metrics {
namespace {

TEST(Counter, CountsFromZeroUpAndDown) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0u);
  counter.Add(5);
  counter.Increment();
  EXPECT_EQ(counter.value(), 6u);
  counter.Decrement();
  EXPECT_EQ(counter.value(), 5u);
}

TEST(Counter, NeverGoesBackForAThreadThatReadsWhileAnotherCounts) {
  Counter counter;
  std::atomic<bool> counting{false};
  std::thread writer([&] {
    counting = true;
    for (int i = 0; i < 100'000; ++i) counter.Increment();
  });
  while (!counting) std::this_thread::yield();
  uint64_t last = 0;
  while (last < 100'000) {
    uint64_t now = counter.value();
    EXPECT_GE(now, last);
    last = now;
  }
  writer.join();
  EXPECT_EQ(counter.value(), 100'000u);
}

}  // namespace
}  // namespace fairlead::metrics
