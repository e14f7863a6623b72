#include "dataplane/tls/replay_guard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::tls {
namespace {

using Verdict = ReplayGuard::Verdict;
constexpr int64_t kWindow = ReplayGuard::kWindowSeconds;
constexpr int64_t kNow = 1'800'000'000;

// The n-th client's; those of one set, or, with `spread`, of many.
std::string Random(uint64_t n, bool spread = false) {
  uint64_t halves[4] = {(n + 1) << 25, spread ? n : 0, 0, 0};
  return std::string(reinterpret_cast<const char*>(halves), sizeof(halves));
}

TEST(ReplayGuard, LetsEachInOnce) {
  ReplayGuard guard(0);
  EXPECT_EQ(guard.Admit(Random(1), kNow), Verdict::kFresh);
  EXPECT_EQ(guard.Admit(Random(1), kNow), Verdict::kReplayed);
  EXPECT_EQ(guard.Admit(Random(1), kNow + kWindow), Verdict::kReplayed);
  EXPECT_EQ(guard.Admit(Random(1), kNow - 2), Verdict::kReplayed) << "the clock was set back";
  EXPECT_EQ(guard.Admit(Random(2), kNow), Verdict::kFresh);
}

TEST(ReplayGuard, ForgetsWhatIsNotFreshAnyMore) {
  ReplayGuard guard(0, 8);
  for (uint64_t n = 0; n < 8; ++n) EXPECT_EQ(guard.Admit(Random(n), kNow), Verdict::kFresh);
  EXPECT_EQ(guard.Admit(Random(8), kNow + kWindow), Verdict::kNoRoom);
  EXPECT_EQ(guard.Admit(Random(8), kNow + kWindow + 1), Verdict::kFresh);
}

TEST(ReplayGuard, TakesNothingForFreshThatAnotherProcessMayHaveSeen) {
  ReplayGuard guard(kNow + kWindow);
  EXPECT_EQ(guard.Admit(Random(1), kNow + kWindow - 1), Verdict::kNoRoom);
  EXPECT_EQ(guard.Admit(Random(1), kNow + kWindow), Verdict::kFresh);
}

TEST(ReplayGuard, LetsNoTwoThreadsInWithTheSame) {
  ReplayGuard guard(0, 1'024);
  for (uint64_t round = 0; round < 100; ++round) {
    std::atomic<int> fresh{0};
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        ++ready;
        while (ready < 3) std::this_thread::yield();
        // Seconds that differ make places free for one and not for another.
        if (guard.Admit(Random(round % 5), kNow + static_cast<int64_t>(round) * (kWindow + 2) + i) == Verdict::kFresh) {
          ++fresh;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(fresh, 1);
  }
}

TEST(ReplayGuard, HasRoomForMostOfItsPlaces) {
  ReplayGuard guard(0, 1'024);
  uint64_t state = 1;
  int fresh = 0;
  for (int i = 0; i < 512; ++i) {
    uint64_t halves[2];
    for (uint64_t& half : halves) half = state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    halves[1] >>= 20;
    const std::string random(reinterpret_cast<const char*>(halves), sizeof(halves));
    if (guard.Admit(random, kNow) == Verdict::kFresh) ++fresh;
  }
  EXPECT_GT(fresh, 490);
}

}  // namespace
}  // namespace fairlead::tls
