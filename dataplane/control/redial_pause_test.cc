#include "dataplane/control/redial_pause.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace fairlead::control {
namespace {

using Result = RedialPause::Result;

constexpr uint64_t kStart = 1'000'000;

uint64_t PauseAfter(RedialPause& pause, std::initializer_list<Result> round, uint64_t now_ms) {
  for (const Result result : round) pause.Note(result);
  return pause.NextMs(now_ms);
}

// The shortest and the longest of many pauses after such a round, for which it has been looking so long.
struct Range {
  uint64_t least = UINT64_MAX;
  uint64_t most = 0;
};
Range PausesAfter(std::initializer_list<Result> round, uint64_t looking_ms) {
  Range range;
  for (uint32_t seed = 1; seed <= 1'000; ++seed) {
    RedialPause pause(seed, kStart);
    const uint64_t ms = PauseAfter(pause, round, kStart + looking_ms);
    range.least = std::min(range.least, ms);
    range.most = std::max(range.most, ms);
  }
  return range;
}

TEST(RedialPause, IsShortWhereSomebodyHasSentItOn) {
  for (const auto round : {std::initializer_list<Result>{Result::kSentOn},
                           std::initializer_list<Result>{Result::kNobody, Result::kSentOn, Result::kNobody}}) {
    const Range range = PausesAfter(round, 2'000);
    EXPECT_GE(range.least, 100u);
    EXPECT_LE(range.least, 110u);
    EXPECT_LE(range.most, 250u);
    EXPECT_GE(range.most, 240u);
  }
}

TEST(RedialPause, IsNoLongerThanATenthOfTheTimeForWhichItHasBeenLooking) {
  EXPECT_LE(PausesAfter({Result::kSentOn}, 10'000).most, 1'000u);
  EXPECT_GE(PausesAfter({Result::kSentOn}, 10'000).most, 950u);
  EXPECT_GE(PausesAfter({Result::kSentOn}, 10'000).least, 100u);
  EXPECT_LE(PausesAfter({Result::kSentOn}, 3'600'000).most, 10'000u);
}

TEST(RedialPause, DoesNotLookWhileItIsInAConversation) {
  RedialPause pause(1, kStart);
  uint64_t now_ms = kStart;
  for (int round = 0; round < 100; ++round) {
    now_ms += 5'000;
    pause.NoteConversation(5'000);
    EXPECT_LE(PauseAfter(pause, {Result::kSentOn}, now_ms), 250u);
  }
}

TEST(RedialPause, GrowsWhereNobodyIsThere) {
  uint64_t longest = 0;
  RedialPause pause(1, kStart);
  for (int round = 0; round < 100; ++round) {
    longest = std::max(longest, PauseAfter(pause, {Result::kNobody, Result::kNobody}, kStart));
  }
  EXPECT_GE(longest, 9'000u);
}

TEST(RedialPause, GrowsWhereOneRefusesWhateverOthersSay) {
  uint64_t longest = 0;
  RedialPause pause(1, kStart);
  for (int round = 0; round < 100; ++round) {
    longest = std::max(longest, PauseAfter(pause, {Result::kSentOn, Result::kRefusal}, kStart));
  }
  EXPECT_GE(longest, 9'000u);
}

TEST(RedialPause, EachRoundCountsByItself) {
  RedialPause pause(1, kStart);
  for (int round = 0; round < 10; ++round) PauseAfter(pause, {Result::kRefusal}, kStart);
  for (int round = 0; round < 100; ++round) EXPECT_LE(PauseAfter(pause, {Result::kSentOn}, kStart), 250u);
  // And one without anybody is the first of these.
  EXPECT_LE(PauseAfter(pause, {Result::kNobody}, kStart), 100u);
}

TEST(RedialPause, BeginsAnewAfterAConversationThatLasted) {
  RedialPause pause(1, kStart);
  for (int round = 0; round < 10; ++round) PauseAfter(pause, {Result::kNobody}, kStart);
  const uint64_t later = kStart + 3'600'000;
  pause.Note(Result::kRefusal);  // of the round that found it
  pause.BeginAnew(later);
  EXPECT_LE(pause.NextMs(later), 100u);
  for (int round = 0; round < 100; ++round) EXPECT_LE(PauseAfter(pause, {Result::kSentOn}, later + 2'500), 250u);
}

// A thousand proxies lose their leader in one moment, and are sent on by everybody until there is another.
class Fleet {
 public:
  Fleet() : dials_(kSeconds) {
    for (uint32_t seed = 1; seed <= 1'000; ++seed) {
      uint64_t now_ms = kStart;
      RedialPause pause(seed, now_ms);
      std::vector<uint64_t>& rounds = rounds_.emplace_back();
      while (now_ms < kStart + kSeconds * 1'000) {
        now_ms += PauseAfter(pause, {Result::kSentOn}, now_ms);
        rounds.push_back(now_ms - kStart);
        if (rounds.back() < kSeconds * 1'000) ++dials_[rounds.back() / 1'000];
      }
    }
  }
  // How often one controller is dialled, in each second.
  const std::vector<int>& dials() const { return dials_; }
  // How long after that time the last of all proxies dials next.
  uint64_t LongestWaitFrom(uint64_t elected_ms) const {
    uint64_t longest = 0;
    for (const auto& rounds : rounds_) {
      longest = std::max(longest, *std::lower_bound(rounds.begin(), rounds.end(), elected_ms) - elected_ms);
    }
    return longest;
  }

 private:
  static constexpr uint64_t kSeconds = 120;
  std::vector<int> dials_;
  std::vector<std::vector<uint64_t>> rounds_;  // by proxy: when, since the beginning
};

TEST(RedialPause, AFleetOfAThousandFindsALeaderWithinATenthOfTheTimeThatThereWasNone) {
  const Fleet fleet;
  for (const uint64_t elected_ms : {500, 1'000, 2'500, 5'000, 10'000, 60'000}) {
    EXPECT_LE(fleet.LongestWaitFrom(elected_ms), std::max<uint64_t>(250, elected_ms / 10));
  }
}

TEST(RedialPause, AFleetOfAThousandDialsLessAndLessOften) {
  const Fleet fleet;
  EXPECT_LE(*std::max_element(fleet.dials().begin(), fleet.dials().end()), 6'500);
  EXPECT_LE(fleet.dials()[10], 2'000);
  EXPECT_LE(fleet.dials()[60], 400);
  EXPECT_LE(fleet.dials()[110], 250);
}

}  // namespace
}  // namespace fairlead::control
