#include "dataplane/base/counted_ptr.h"

#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace fairlead::base {
namespace {

struct Thing : Counted {
  explicit Thing(int* ended) : ended(ended) {}
  Thing(const Thing&) = default;
  ~Thing() { ++*ended; }

  int* ended;
};

TEST(CountedPtr, DestroysWithItsLastHolder) {
  int ended = 0;
  CountedPtr<Thing> first = MakeCounted<Thing>(&ended);
  CountedPtr<const Thing> second = first;
  EXPECT_EQ(second.get(), first.get());
  first = nullptr;
  EXPECT_EQ(first, nullptr);
  EXPECT_EQ(ended, 0);
  second = nullptr;
  EXPECT_EQ(ended, 1);
}

TEST(CountedPtr, MovesWithoutCounting) {
  int ended = 0;
  CountedPtr<Thing> first = MakeCounted<Thing>(&ended);
  CountedPtr<Thing> second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_TRUE(second);
  second = std::move(second);
  EXPECT_EQ(ended, 0);
  second = MakeCounted<Thing>(&ended);
  EXPECT_EQ(ended, 1);
}

TEST(CountedPtr, CountsACopyOfTheObjectAnew) {
  int ended = 0;
  CountedPtr<Thing> first = MakeCounted<Thing>(&ended);
  const CountedPtr<Thing> another_hold = first;
  CountedPtr<Thing> copy = MakeCounted<Thing>(*first);
  copy = nullptr;
  EXPECT_EQ(ended, 1);
}

TEST(CountedPtr, IsAPointerLarge) { EXPECT_EQ(sizeof(CountedPtr<Thing>), sizeof(void*)); }

TEST(CountedPtr, IsHeldByManyThreads) {
  int ended = 0;
  CountedPtr<Thing> thing = MakeCounted<Thing>(&ended);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([hold = thing] {
      for (int n = 0; n < 10'000; ++n) CountedPtr<const Thing> other = hold;
    });
  }
  thing = nullptr;
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace fairlead::base
