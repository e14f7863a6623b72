#include "dataplane/load_balancing/turn_queue.h"

#include <cstdint>
#include <map>
#include <random>

#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

TEST(VirtualTime, IsBeforeAcrossItsEnd) {
  EXPECT_TRUE(IsBefore(1, 2));
  EXPECT_FALSE(IsBefore(2, 2));
  EXPECT_FALSE(IsBefore(3, 2));
  EXPECT_TRUE(IsBefore(UINT32_MAX, 0));
  EXPECT_FALSE(IsBefore(5, UINT32_MAX - 5));
}

TEST(TurnQueue, GivesEqualTimesToTheLowerSlotFirst) {
  TurnQueue queue;
  queue.Set(9, 100);
  queue.Set(3, 100);
  queue.Set(5, 100);
  EXPECT_EQ(queue.First().slot, 3u);
  EXPECT_EQ(queue.Second().slot, 5u);
}

TEST(TurnQueue, IgnoresTheRemovalOfASlotWithoutATurn) {
  TurnQueue queue;
  queue.Remove(7);
  queue.Set(2, 1);
  queue.Remove(1);
  queue.Remove(2);
  queue.Remove(2);
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.Contains(2));
}

// Against a sorted map of times that never wrap, while the queue's own wrap around many times.
TEST(TurnQueue, BehavesAsASortedListWhoseTimesDoNotWrap) {
  std::mt19937_64 random(1);
  TurnQueue queue;
  std::map<uint32_t, uint64_t> model;  // times by slot
  uint64_t now = UINT32_MAX - 1'000;
  for (int step = 0; step < 200'000; ++step) {
    now += random() % 400'000;
    const uint32_t slot = random() % 50;
    if (random() % 4 == 0) {
      queue.Remove(slot);
      model.erase(slot);
    } else {
      // Seldom more than a few different times, so that many are equal.
      const uint64_t time = now + (random() % 8 << 27);
      queue.Set(slot, static_cast<VirtualTime>(time));
      model[slot] = time;
    }
    // What is due now, before it falls too far behind.
    const auto first_of = [&](uint32_t except) {
      auto first = model.end();
      for (auto it = model.begin(); it != model.end(); ++it) {
        if (it->first != except && (first == model.end() || it->second < first->second)) first = it;
      }
      return first;
    };
    ASSERT_EQ(queue.size(), model.size());
    for (auto first = first_of(UINT32_MAX); first != model.end() && first->second < now; first = first_of(UINT32_MAX)) {
      ASSERT_EQ(queue.First().slot, first->first);
      queue.Remove(first->first);
      model.erase(first);
    }
    if (model.empty()) continue;
    const auto first = first_of(UINT32_MAX);
    ASSERT_EQ(queue.First().slot, first->first);
    ASSERT_EQ(queue.First().time, static_cast<VirtualTime>(first->second));
    ASSERT_EQ(queue.TimeOf(first->first), queue.First().time);
    if (model.size() == 1) continue;
    ASSERT_EQ(queue.Second().slot, first_of(first->first)->first);
  }
}

}  // namespace
}  // namespace fairlead::load_balancing
