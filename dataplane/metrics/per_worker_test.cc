#include "dataplane/metrics/per_worker.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "dataplane/metrics/counter.h"
#include "gtest/gtest.h"

namespace fairlead::metrics {
namespace {

constexpr int kWorkers = 4;

struct alignas(64) Counters {
  Counter first;
  Counter second;
};

class List : public PerWorkerList<Counters> {};
class Array : public PerWorkerArray<Counters> {
 public:
  Array() : PerWorkerArray(kWorkers) {}
};

template <typename T>
class PerWorker : public testing::Test {};
using Kinds = testing::Types<List, Array>;
TYPED_TEST_SUITE(PerWorker, Kinds);

TYPED_TEST(PerWorker, HasNothingOfWorkersThatNeverAsked) {
  TypeParam counters;
  counters.of_worker(2).first.Add(7);
  int seen = 0;
  counters.ForEach([&](const Counters&) { ++seen; });
  EXPECT_EQ(seen, 1);
}

TYPED_TEST(PerWorker, GivesEachWorkerTheSameOneEachTimeAndNoOthers) {
  TypeParam counters;
  for (int worker : {1, 0, 3, 1, 3}) counters.of_worker(worker).first.Increment();
  EXPECT_EQ(counters.of_worker(0).first.value(), 1u);
  EXPECT_EQ(counters.of_worker(1).first.value(), 2u);
  EXPECT_EQ(counters.of_worker(2).first.value(), 0u);
  EXPECT_EQ(counters.of_worker(3).first.value(), 2u);
  EXPECT_EQ(Sum(counters, &Counters::first), 5u);
}

// Or two workers would take the line from each other with every request.
TYPED_TEST(PerWorker, GivesEachWorkerCacheLinesOfItsOwn) {
  TypeParam counters;
  for (int worker = 0; worker < kWorkers; ++worker) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&counters.of_worker(worker)) % 64, 0u);
  }
}

// To be run with --config=tsan, too.
TYPED_TEST(PerWorker, CanBeReadWhileWorkersComeAndCount) {
  constexpr int kRounds = 300;
  constexpr uint64_t kCounts = 20;
  for (int round = 0; round < kRounds; ++round) {
    TypeParam counters;
    std::atomic<int> ready{0};
    std::vector<std::thread> workers;
    for (int worker = 0; worker < kWorkers; ++worker) {
      workers.emplace_back([&, worker] {
        ++ready;
        while (ready < kWorkers) std::this_thread::yield();
        Counters& own = counters.of_worker(worker);
        for (uint64_t i = 0; i < kCounts; ++i) own.first.Increment();
      });
    }
    uint64_t last = 0;
    while (last < kWorkers * kCounts) {
      const uint64_t now = Sum(counters, &Counters::first);
      EXPECT_GE(now, last);
      last = now;
      std::this_thread::yield();
    }
    for (std::thread& worker : workers) worker.join();
    ASSERT_EQ(Sum(counters, &Counters::first), kWorkers * kCounts);
  }
}

}  // namespace
}  // namespace fairlead::metrics
