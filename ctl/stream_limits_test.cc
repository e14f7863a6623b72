#include "ctl/stream_limits.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <future>

namespace fairlead::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr auto kLong = std::chrono::hours(1);

// Hears of being cancelled.
class Cancelled {
 public:
  std::function<void()> Function() {
    return [this] { promise_.set_value(); };
  }
  // Gives up after ten seconds.
  bool Comes() { return promise_.get_future().wait_for(seconds(10)) == std::future_status::ready; }

 private:
  std::promise<void> promise_;
};

TEST(StreamLimits, EndTheStreamWhenTheTimeIsUp) {
  Cancelled cancelled;
  StreamLimits limits(milliseconds(20), -1, cancelled.Function());
  EXPECT_TRUE(cancelled.Comes());
  EXPECT_EQ(limits.end(), StreamEnd::kTimedOut);
}

TEST(StreamLimits, EndTheStreamOfASilentProxy) {
  Cancelled cancelled;
  StreamLimits limits(kLong, -1, cancelled.Function());
  limits.SetSilence(milliseconds(20));
  EXPECT_TRUE(cancelled.Comes());
  EXPECT_EQ(limits.end(), StreamEnd::kSilent);
}

TEST(StreamLimits, LetAProxySpeakThatIsHeard) {
  Cancelled cancelled;
  StreamLimits limits(milliseconds(1500), -1, cancelled.Function());
  limits.SetSilence(milliseconds(1000));
  std::promise<void> stop;
  std::thread proxy([&, stopped = stop.get_future()] {
    while (stopped.wait_for(milliseconds(5)) != std::future_status::ready) limits.NoteHeard();
  });
  EXPECT_TRUE(cancelled.Comes());
  EXPECT_EQ(limits.end(), StreamEnd::kTimedOut) << "not kSilent, which would have come first";
  stop.set_value();
  proxy.join();
}

TEST(StreamLimits, ATimeThatWasLiftedEndsNothing) {
  Cancelled cancelled;
  StreamLimits limits(milliseconds(1000), -1, cancelled.Function());
  limits.LiftTimeout();
  limits.SetSilence(milliseconds(1200));
  EXPECT_TRUE(cancelled.Comes());
  EXPECT_EQ(limits.end(), StreamEnd::kSilent) << "not kTimedOut, which would have come first";
}

TEST(StreamLimits, EndTheStreamAtAnInterrupt) {
  std::array<int, 2> pipe_ends;
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  Cancelled cancelled;
  {
    StreamLimits limits(kLong, pipe_ends[0], cancelled.Function());
    ASSERT_EQ(write(pipe_ends[1], "x", 1), 1);
    EXPECT_TRUE(cancelled.Comes());
    EXPECT_EQ(limits.end(), StreamEnd::kInterrupted);
  }
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(StreamLimits, EndNothingOnceTheyAreStopped) {
  bool cancelled = false;
  StreamLimits limits(kLong, -1, [&] { cancelled = true; });
  limits.Stop();
  limits.SetSilence(milliseconds(0));
  EXPECT_EQ(limits.end(), StreamEnd::kNone);
  EXPECT_FALSE(cancelled);
}

}  // namespace
}  // namespace fairlead::ctl
