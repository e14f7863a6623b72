#include "ctl/stream_keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>

namespace fairlead::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr auto kLong = std::chrono::hours(1);
constexpr auto kNever = seconds(0);

// Whether it comes true; gives up after ten seconds.
bool Comes(std::future<void> future) { return future.wait_for(seconds(10)) == std::future_status::ready; }

// What the keeper did.
struct Deeds {
  std::promise<void> third_beat;
  std::promise<void> cancelled;
  std::atomic<int> beats = 0;

  StreamKeeper::Actions Actions() {
    return {.beat =
                [this] {
                  if (++beats == 3) third_beat.set_value();
                },
            .cancel = [this] { cancelled.set_value(); }};
  }
};

TEST(StreamKeeper, SendsHeartbeatsInTheirInterval) {
  Deeds deeds;
  StreamKeeper keeper(kLong, -1, deeds.Actions());
  keeper.SetPace(milliseconds(10), kNever);
  EXPECT_TRUE(Comes(deeds.third_beat.get_future()));
  EXPECT_EQ(keeper.end(), StreamEnd::kNone);
}

TEST(StreamKeeper, SendsNoHeartbeatBeforeItKnowsThePace) {
  Deeds deeds;
  StreamKeeper keeper(milliseconds(50), -1, deeds.Actions());
  EXPECT_TRUE(Comes(deeds.cancelled.get_future()));
  EXPECT_EQ(deeds.beats, 0);
}

TEST(StreamKeeper, SendsNoHeartbeatWhileSomethingElseIsSent) {
  Deeds deeds;
  StreamKeeper keeper(milliseconds(100), -1, deeds.Actions());
  keeper.SetPace(milliseconds(80), kNever);
  std::future<void> cancelled = deeds.cancelled.get_future();
  while (cancelled.wait_for(milliseconds(5)) != std::future_status::ready) keeper.NoteSent();
  EXPECT_EQ(deeds.beats, 0);
}

TEST(StreamKeeper, EndsTheStreamWhenTheTimeIsUp) {
  Deeds deeds;
  StreamKeeper keeper(milliseconds(20), -1, deeds.Actions());
  EXPECT_TRUE(Comes(deeds.cancelled.get_future()));
  EXPECT_EQ(keeper.end(), StreamEnd::kTimedOut);
}

TEST(StreamKeeper, EndsTheStreamOfASilentProxy) {
  Deeds deeds;
  StreamKeeper keeper(kLong, -1, deeds.Actions());
  keeper.SetPace(kNever, milliseconds(20));
  EXPECT_TRUE(Comes(deeds.cancelled.get_future()));
  EXPECT_EQ(keeper.end(), StreamEnd::kSilent);
}

TEST(StreamKeeper, ATimeLimitThatWasLiftedDoesNotEndTheStream) {
  Deeds deeds;
  StreamKeeper keeper(milliseconds(50), -1, deeds.Actions());
  keeper.LiftTimeout();
  keeper.SetPace(kNever, milliseconds(150));
  EXPECT_TRUE(Comes(deeds.cancelled.get_future()));
  EXPECT_EQ(keeper.end(), StreamEnd::kSilent) << "not kTimedOut, which would have come first";
}

TEST(StreamKeeper, EndsTheStreamAtAnInterrupt) {
  std::array<int, 2> pipe_ends;
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  Deeds deeds;
  StreamKeeper keeper(kLong, pipe_ends[0], deeds.Actions());
  ASSERT_EQ(write(pipe_ends[1], "x", 1), 1);
  EXPECT_TRUE(Comes(deeds.cancelled.get_future()));
  EXPECT_EQ(keeper.end(), StreamEnd::kInterrupted);
  keeper.Stop();
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(StreamKeeper, DoesNothingOnceItIsStopped) {
  Deeds deeds;
  StreamKeeper keeper(milliseconds(20), -1, deeds.Actions());
  keeper.Stop();
  keeper.SetPace(milliseconds(1), milliseconds(1));
  EXPECT_EQ(keeper.end(), StreamEnd::kNone);
  EXPECT_EQ(deeds.beats, 0);
}

}  // namespace
}  // namespace fairlead::ctl
