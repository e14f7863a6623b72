#include "dataplane/event/timer_wheel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace fairlead::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A timer that calls a lambda.
class TestTimer {
 public:
  explicit TestTimer(std::function<void()> on_expired) : on_expired_(std::move(on_expired)) {}
  operator Timer*() { return &timer_; }
  bool scheduled() const { return timer_.scheduled(); }

 private:
  std::function<void()> on_expired_;
  Timer timer_{[](void* self) { static_cast<TestTimer*>(self)->on_expired_(); }, this};
};

TEST(TimerWheel, TimersAreSmall) { EXPECT_LE(sizeof(Timer), 40u); }

TEST(TimerWheel, ExpiresAtTheDeadlineNotBefore) {
  TimerWheel wheel(1000);
  int expired = 0;
  TestTimer timer([&] { ++expired; });
  wheel.Schedule(timer, 10);
  wheel.Advance(1009);
  EXPECT_EQ(expired, 0);
  EXPECT_TRUE(timer.scheduled());
  wheel.Advance(1010);
  EXPECT_EQ(expired, 1);
  EXPECT_FALSE(timer.scheduled());
  wheel.Advance(5000);
  EXPECT_EQ(expired, 1);
}

TEST(TimerWheel, EveryDelayExpiresExactlyOnTimeWhereverTheClockStands) {
  for (uint64_t start : {uint64_t{0}, uint64_t{1}, uint64_t{63}, uint64_t{64}, uint64_t{4095}, uint64_t{262143},
                         uint64_t{1} << 40, (uint64_t{1} << 48) - 3}) {
    for (uint64_t delay : {1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 60000, 262144, 3600000, 86400000}) {
      TimerWheel wheel(start);
      int expired = 0;
      TestTimer timer([&] { ++expired; });
      wheel.Schedule(timer, delay);
      wheel.Advance(start + delay - 1);
      ASSERT_EQ(expired, 0) << start << " + " << delay;
      wheel.Advance(start + delay);
      ASSERT_EQ(expired, 1) << start << " + " << delay;
    }
  }
}

TEST(TimerWheel, RunsInTheOrderOfDeadlinesAndThenOfScheduling) {
  TimerWheel wheel;
  std::vector<int> order;
  TestTimer a([&] { order.push_back(70); }), b([&] { order.push_back(5); }), c([&] { order.push_back(5000); }),
      d([&] { order.push_back(71); }), e([&] { order.push_back(72); });
  wheel.Schedule(a, 70);
  wheel.Schedule(b, 5);
  wheel.Schedule(c, 5000);
  wheel.Schedule(d, 70);
  wheel.Advance(65);  // The slot of 64 to 127 is spread out now.
  wheel.Schedule(e, 5);
  wheel.Advance(10000);
  EXPECT_THAT(order, ElementsAre(5, 70, 71, 72, 5000));
}

TEST(TimerWheel, TellsHowLongNothingExpires) {
  TimerWheel wheel(100);
  EXPECT_EQ(wheel.NextDeadline(), UINT64_MAX);
  TestTimer far([] {}), near([] {});
  wheel.Schedule(far, 1'000'000);
  EXPECT_GT(wheel.NextDeadline(), 100u);
  EXPECT_LE(wheel.NextDeadline(), 1'000'100u);
  wheel.Schedule(near, 3);
  EXPECT_EQ(wheel.NextDeadline(), 103u);
  wheel.Cancel(near);
  wheel.Cancel(far);
  EXPECT_EQ(wheel.NextDeadline(), UINT64_MAX);
}

TEST(TimerWheel, WaitingByItsBoundsReachesATimerInFewSteps) {
  TimerWheel wheel(12345);
  TestTimer timer([] {});
  wheel.Schedule(timer, 60000);
  int steps = 0;
  for (; timer.scheduled(); ++steps) wheel.Advance(wheel.NextDeadline());
  EXPECT_EQ(wheel.now_ms(), 72345u);
  EXPECT_LE(steps, 3);
}

TEST(TimerWheel, ReachesDeadlinesAtTheEndOfTime) {
  TimerWheel wheel(uint64_t{1} << 63);
  int expired = 0;
  TestTimer timer([&] { ++expired; });
  wheel.Schedule(timer, UINT64_MAX);  // saturates
  wheel.Advance(UINT64_MAX - 1);
  EXPECT_EQ(expired, 0);
  wheel.Advance(UINT64_MAX);
  EXPECT_EQ(expired, 1);
}

TEST(TimerWheel, ACancelledTimerDoesNotExpire) {
  TimerWheel wheel;
  TestTimer timer([] { FAIL(); });
  wheel.Schedule(timer, 10);
  wheel.Cancel(timer);
  EXPECT_FALSE(timer.scheduled());
  wheel.Cancel(timer);
  wheel.Advance(100);
}

TEST(TimerWheel, SchedulingAgainMovesTheDeadline) {
  TimerWheel wheel;
  std::vector<uint64_t> expired_at;
  TestTimer timer([&] { expired_at.push_back(wheel.now_ms()); });
  wheel.Schedule(timer, 10);
  wheel.Advance(9);
  wheel.Schedule(timer, 10);
  wheel.Advance(18);
  EXPECT_THAT(expired_at, IsEmpty());
  wheel.Advance(19);
  EXPECT_THAT(expired_at, ElementsAre(19));
}

TEST(TimerWheel, DestroyingATimerCancelsIt) {
  TimerWheel wheel;
  {
    TestTimer timer([] { FAIL(); });
    wheel.Schedule(timer, 10);
  }
  wheel.Advance(100);
}

TEST(TimerWheel, DestroyingTheWheelLeavesItsTimersUnscheduled) {
  TestTimer timer([] { FAIL(); });
  {
    TimerWheel wheel;
    wheel.Schedule(timer, 10);
  }
  EXPECT_FALSE(timer.scheduled());
}

TEST(TimerWheel, ADelayOfZeroExpiresInTheNextAdvanceOfTheSameTick) {
  TimerWheel wheel(50);
  int expired = 0;
  TestTimer timer([&] { ++expired; });
  wheel.Schedule(timer, 0);
  EXPECT_EQ(expired, 0);
  EXPECT_EQ(wheel.NextDeadline(), 50u);
  wheel.Advance(50);
  EXPECT_EQ(expired, 1);
}

TEST(TimerWheel, ATimerThatSchedulesItselfWithoutDelayDoesNotHoldUpTheLoop) {
  TimerWheel wheel;
  int expired = 0;
  TestTimer* self = nullptr;
  TestTimer timer([&] {
    ++expired;
    wheel.Schedule(*self, 0);
  });
  self = &timer;
  wheel.Schedule(timer, 1);
  wheel.Advance(10);
  EXPECT_EQ(expired, 1);
  wheel.Advance(11);
  EXPECT_EQ(expired, 2);
}

TEST(TimerWheel, DelaysOfATimersFunctionCountFromTheAdvancedClock) {
  TimerWheel wheel;
  std::vector<uint64_t> expired_at;
  TestTimer second([&] { expired_at.push_back(wheel.now_ms()); });
  TestTimer first([&] {
    expired_at.push_back(wheel.now_ms());
    wheel.Schedule(second, 100);
  });
  wheel.Schedule(first, 10);
  wheel.Advance(1000);  // late
  wheel.Advance(1099);
  EXPECT_THAT(expired_at, ElementsAre(1000));
  wheel.Advance(1100);
  EXPECT_THAT(expired_at, ElementsAre(1000, 1100));
}

TEST(TimerWheel, ATimersFunctionMayCancelMoveAndDestroyOthersOfTheSameTick) {
  TimerWheel wheel;
  TestTimer cancelled([] { FAIL() << "was cancelled"; });
  auto destroyed = std::make_unique<TestTimer>([] { FAIL() << "was destroyed"; });
  uint64_t moved_expired_at = 0;
  TestTimer moved([&] { moved_expired_at = wheel.now_ms(); });
  TestTimer first([&] {
    wheel.Cancel(cancelled);
    destroyed.reset();
    wheel.Schedule(moved, 10);
  });
  int last_expired = 0;
  TestTimer last([&] { ++last_expired; });
  wheel.Schedule(first, 5);
  wheel.Schedule(cancelled, 5);
  wheel.Schedule(*destroyed, 5);
  wheel.Schedule(moved, 5);
  wheel.Schedule(last, 5);
  wheel.Advance(5);
  EXPECT_EQ(last_expired, 1);
  wheel.Advance(20);
  EXPECT_EQ(moved_expired_at, 20u);
}

TEST(TimerWheel, ATimerMayDestroyItself) {
  TimerWheel wheel;
  std::unique_ptr<TestTimer> timer;
  bool expired = false;
  timer = std::make_unique<TestTimer>([&] {
    expired = true;
    auto keep_function_alive = std::move(timer);
  });
  wheel.Schedule(*timer, 5);
  wheel.Advance(5);
  EXPECT_TRUE(expired);
}

TEST(TimerWheel, DelaysCountFromAClockSetAheadOfTheTimers) {
  TimerWheel wheel;
  std::vector<int> order;
  TestTimer early([&] { order.push_back(1); }), late([&] { order.push_back(2); });
  wheel.Schedule(early, 100);
  wheel.SetNow(5000);
  wheel.SetNow(4000);  // never back
  wheel.Schedule(late, 10);
  EXPECT_THAT(order, IsEmpty());
  wheel.Advance(5000);
  EXPECT_THAT(order, ElementsAre(1));
  wheel.Advance(5009);
  EXPECT_THAT(order, ElementsAre(1));
  wheel.Advance(5010);
  EXPECT_THAT(order, ElementsAre(1, 2));
}

// Thousands of timers scheduled, moved and cancelled at random, also by each other, against a sorted map.
TEST(TimerWheel, BehavesLikeASortedMap) {
  for (int seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    constexpr int kTimers = 300;
    TimerWheel wheel(random() >> (random() % 60));
    std::multimap<uint64_t, int> model;  // equal deadlines in order of insertion
    std::vector<std::multimap<uint64_t, int>::iterator> entries(kTimers, model.end());
    std::vector<std::unique_ptr<TestTimer>> timers;

    const auto cancel = [&](int i) {
      wheel.Cancel(*timers[i]);
      if (entries[i] != model.end()) model.erase(entries[i]);
      entries[i] = model.end();
    };
    const auto schedule = [&](int i) {
      cancel(i);
      const uint64_t delay = 1 + (random() >> (random() % 30 + 34));
      entries[i] = model.emplace(wheel.now_ms() + delay, i);
      wheel.Schedule(*timers[i], delay);
    };
    int expired = 0;
    for (int i = 0; i < kTimers; ++i) {
      timers.push_back(std::make_unique<TestTimer>([&, i] {
        ++expired;
        ASSERT_FALSE(model.empty());
        ASSERT_EQ(model.begin()->second, i) << "out of order";
        ASSERT_LE(model.begin()->first, wheel.now_ms()) << "too early";
        model.erase(model.begin());
        entries[i] = model.end();
        if (random() % 3 == 0) schedule(i);
        if (random() % 3 == 0) schedule(static_cast<int>(random() % kTimers));
        if (random() % 3 == 0) cancel(static_cast<int>(random() % kTimers));
      }));
    }
    for (int step = 0; step < 3000; ++step) {
      switch (random() % 4) {
        case 0:
        case 1:
          schedule(static_cast<int>(random() % kTimers));
          break;
        case 2:
          cancel(static_cast<int>(random() % kTimers));
          break;
        case 3: {
          ASSERT_LE(wheel.NextDeadline(), model.empty() ? UINT64_MAX : model.begin()->first);
          wheel.Advance(wheel.now_ms() + (random() >> (random() % 30 + 34)));
          ASSERT_FALSE(HasFatalFailure());
          if (!model.empty()) {
            ASSERT_GT(model.begin()->first, wheel.now_ms()) << "late";
          }
          break;
        }
      }
    }
    ASSERT_GT(expired, 100);
  }
}

}  // namespace
}  // namespace fairlead::event
