#include "dataplane/http/h2/ping_times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fairlead::http::h2 {
namespace {

using Due = PingTimes::Due;

struct Asked {
  std::vector<uint64_t> pings_ms;
  uint64_t given_up_ms = 0;
  int looks = 0;
};

// A connection from 0 on, whose timer goes off when it should, until `end_ms`. Its peer sends a frame at each of
// `frames_ms`, and answers each PING after `answer_ms`; 0: none.
Asked Play(PingTimes::Settings settings, uint64_t end_ms, uint64_t answer_ms, std::vector<uint64_t> frames_ms = {}) {
  PingTimes times;
  Asked asked;
  for (uint64_t now_ms = 0; asked.given_up_ms == 0;) {
    const auto last_frame_ms = [&] {
      uint64_t last = 0;
      for (const uint64_t frame_ms : frames_ms) last = frame_ms <= now_ms ? std::max(last, frame_ms) : last;
      return last;
    };
    const uint64_t next_ms = times.NextMs(now_ms, last_frame_ms(), settings);
    EXPECT_GT(next_ms, now_ms) << "a timer that goes off at once, again and again";
    if (next_ms <= now_ms || next_ms > end_ms) return asked;
    now_ms = next_ms;
    ++asked.looks;
    const Due due = times.Look(now_ms, last_frame_ms(), settings);
    if (due == Due::kGiveUp) asked.given_up_ms = now_ms;
    if (due != Due::kPing) continue;
    asked.pings_ms.push_back(now_ms);
    if (answer_ms != 0) frames_ms.push_back(now_ms + answer_ms);
  }
  return asked;
}

TEST(PingTimes, EachPingComesAnIntervalAfterTheLastFrame) {
  const std::vector<uint64_t> pings_ms = {1000, 2005, 3010};
  EXPECT_EQ(Play({1000, 10'000}, 4000, 5).pings_ms, pings_ms);
  EXPECT_EQ(Play({1000, 300}, 4000, 5).pings_ms, pings_ms);
}

TEST(PingTimes, FramesPutItOff) {
  EXPECT_EQ(Play({1000, 300}, 3000, 5, {600, 1500}).pings_ms, std::vector<uint64_t>{2500});
}

TEST(PingTimes, WhoDoesNotAnswerIsGivenUpWhenTheTimeIsOver) {
  for (const uint64_t timeout_ms : {300, 1000, 10'000}) {
    const Asked asked = Play({1000, timeout_ms}, 60'000, 0);
    EXPECT_EQ(asked.pings_ms, std::vector<uint64_t>{1000});
    EXPECT_EQ(asked.given_up_ms, 1000 + timeout_ms);
    EXPECT_LE(asked.looks, 3);
  }
}

TEST(PingTimes, AnyFrameIsAnAnswer) {
  EXPECT_EQ(Play({1000, 3000}, 5000, 0, {2500}).given_up_ms, 0u);
  EXPECT_EQ(Play({1000, 3000}, 10'000, 0, {2500}).given_up_ms, 7000u);
}

TEST(PingTimes, AnAnswerLaterThanAnIntervalIsInTime) {
  const Asked asked = Play({1000, 10'000}, 20'000, 4000);
  EXPECT_EQ(asked.given_up_ms, 0u);
  EXPECT_EQ(asked.pings_ms, (std::vector<uint64_t>{1000, 11'000}));
}

}  // namespace
}  // namespace fairlead::http::h2
