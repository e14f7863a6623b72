#include "ctl/heartbeat.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace fairlead::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Heartbeat, SendsInItsInterval) {
  std::atomic<int> count = 0;
  std::promise<void> third;
  const auto begin = Heartbeat::Clock::now();
  const Heartbeat heartbeat(milliseconds(10), [&] {
    if (++count == 3) third.set_value();
  });
  ASSERT_EQ(third.get_future().wait_for(seconds(10)), std::future_status::ready);
  EXPECT_GE(Heartbeat::Clock::now() - begin, milliseconds(30));
}

TEST(Heartbeat, SendsNothingWhileSomethingElseIsSent) {
  std::atomic<int> heartbeats = 0;
  Heartbeat heartbeat(milliseconds(50), [&] { ++heartbeats; });
  std::atomic<int> messages = 0;
  std::promise<void> last;
  // 1.5 s of messages, 5 ms apart: time for 30 heartbeats, but for the messages. A few, where the machine was busy.
  const Heartbeat sender(milliseconds(5), [&] {
    heartbeat.NoteSent();
    if (++messages == 300) last.set_value();
  });
  ASSERT_EQ(last.get_future().wait_for(seconds(20)), std::future_status::ready);
  EXPECT_LT(heartbeats, 10);
}

TEST(Heartbeat, EndsAtOnce) {
  const auto begin = Heartbeat::Clock::now();
  {
    const Heartbeat heartbeat(std::chrono::hours(1), [] {});
  }
  EXPECT_LT(Heartbeat::Clock::now() - begin, seconds(10));
}

}  // namespace
}  // namespace fairlead::ctl
