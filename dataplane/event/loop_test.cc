#include "dataplane/event/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::Lt;

class LoopTurnTest : public LoopTest {
 protected:
  // A timer that notes that it expired.
  struct NotingTimer {
    bool expired = false;
    Timer timer{[](void* self) { static_cast<NotingTimer*>(self)->expired = true; }, this};
  };
};
INSTANTIATE_FOR_ALL_BACKENDS(LoopTurnTest);

TEST(Loop, AutoFindsABackend) {
  const auto loop = Loop::Create(IoBackend::kAuto);
  ASSERT_TRUE(loop.ok());
  EXPECT_TRUE((*loop)->name() == std::string("io_uring") || (*loop)->name() == std::string("epoll"));
}

TEST_P(LoopTurnTest, IsTheBackendThatWasAskedFor) {
  EXPECT_STREQ(loop_->name(), GetParam() == IoBackend::kEpoll ? "epoll" : "io_uring");
}

TEST_P(LoopTurnTest, DoesNotWaitWhenToldNotTo) {
  NotingTimer timer;
  loop_->timers().Schedule(&timer.timer, 60'000);
  const auto start = steady_clock::now();
  for (int i = 0; i < 10; ++i) loop_->RunOnce(/*wait=*/false);
  EXPECT_THAT(steady_clock::now() - start, Lt(milliseconds(5000)));
  EXPECT_FALSE(timer.expired);
}

TEST_P(LoopTurnTest, WaitsForTimersAndNeverRunsThemEarly) {
  for (uint64_t delay : {1, 5, 70}) {
    NotingTimer timer;
    loop_->RunOnce(/*wait=*/false);
    const auto start = steady_clock::now();
    loop_->timers().Schedule(&timer.timer, delay);
    int turns = 0;
    for (; !timer.expired; ++turns) loop_->RunOnce(/*wait=*/true);
    // The turn's clock may lag by the time since the turn began, within the same millisecond.
    EXPECT_GE(steady_clock::now() - start, milliseconds(delay) - milliseconds(1));
    // One for each digit of the delay; and io_uring loops that earlier tests made interrupt waits as they end.
    EXPECT_LE(turns, 20) << "spins";
  }
}

TEST_P(LoopTurnTest, DelaysAskedForAfterALongWaitCountFromItsEnd) {
  auto [fd, peer] = TcpPair();
  RecordingHandler handler;
  Socket* socket = loop_->Adopt(fd, &handler);
  socket->ResumeReceive();
  RunWhatIsDue();
  NotingTimer timer;
  uint64_t scheduled_at = 0;
  handler.on_received = [&] {
    scheduled_at = loop_->now_ms();
    loop_->timers().Schedule(&timer.timer, 20);
  };
  std::thread sender([&peer = peer] {
    // Not a wait for something to happen: the passing of time is what is tested.
    std::this_thread::sleep_for(milliseconds(60));
    peer.Send("x");
  });
  const uint64_t start = loop_->now_ms();
  while (handler.received.empty()) loop_->RunOnce(/*wait=*/true);
  sender.join();
  EXPECT_GE(scheduled_at, start + 50);
  EXPECT_FALSE(timer.expired);
  RunUntil([&] { return timer.expired; });
  EXPECT_GE(loop_->now_ms(), scheduled_at + 20);
  socket->Close();
}

TEST_P(LoopTurnTest, RunsEventsThenTimersThenPostedFunctions) {
  std::vector<std::string> order;
  auto [fd, peer] = TcpPair();
  RecordingHandler handler;
  handler.on_received = [&] { order.push_back("received"); };
  Socket* socket = loop_->Adopt(fd, &handler);
  socket->ResumeReceive();
  RunWhatIsDue();
  loop_->mailbox().Post([&] { order.push_back("posted"); });
  Timer timer([](void* order) { static_cast<std::vector<std::string>*>(order)->push_back("timer"); }, &order);
  loop_->timers().Schedule(&timer, 0);
  peer.Send("x");
  RunUntil([&] { return order.size() == 3; });
  EXPECT_THAT(order, ElementsAre("received", "timer", "posted"));
  socket->Close();
}

TEST_P(LoopTurnTest, ThreadsWakeItAndStopIt) {
  // Made here, run elsewhere: the thread that runs it is its own.
  std::atomic<int> ran = 0;
  std::thread::id ran_on;
  std::thread thread([&] { loop_->Run(); });
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      for (int k = 0; k < 500; ++k) loop_->mailbox().Post([&] { ++ran; });
    });
  }
  for (std::thread& sender : senders) sender.join();
  loop_->mailbox().Post([&] {
    ran_on = std::this_thread::get_id();
    loop_->Stop();
  });
  const std::thread::id expected = thread.get_id();
  thread.join();
  EXPECT_EQ(ran, 2000);
  EXPECT_EQ(ran_on, expected);
}

TEST_P(LoopTurnTest, EachMessageWakesALoopThatWaits) {
  std::atomic<int> ran = 0;
  std::thread thread([&] { loop_->Run(); });
  for (int i = 1; i <= 200; ++i) {
    loop_->mailbox().Post([&] {
      ++ran;
      ran.notify_all();
    });
    for (int seen; (seen = ran) < i;) ran.wait(seen);
  }
  loop_->mailbox().Post([&] { loop_->Stop(); });
  thread.join();
  EXPECT_EQ(ran, 200);
}

TEST_P(LoopTurnTest, SocketsAndListenersMadeBeforeItRunsServeTheThreadThatRunsIt) {
  auto [fd, peer] = TcpPair();
  RecordingHandler handler;
  Socket* socket = loop_->Adopt(fd, &handler);
  socket->ResumeReceive();
  handler.on_received = [&] {
    socket->Close();
    loop_->Stop();
  };
  peer.Send("hello");
  std::thread thread([&] { loop_->Run(); });
  thread.join();
  EXPECT_EQ(handler.received, "hello");
}

TEST_P(LoopTurnTest, EndsWithMessagesTimersAndClosingSocketsLeft) {
  auto [fd, peer] = TcpPair();
  RecordingHandler handler;
  Socket* socket = loop_->Adopt(fd, &handler);
  socket->ResumeReceive();
  RunWhatIsDue();
  NotingTimer timer;
  loop_->timers().Schedule(&timer.timer, 1);
  loop_->mailbox().Post([] {});
  socket->Close();
  loop_.reset();
  EXPECT_FALSE(timer.timer.scheduled());
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (!peer.AtEnd()) ASSERT_LT(steady_clock::now(), deadline);
}

}  // namespace
}  // namespace fairlead::event::testing
