#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <cstdio>
#include <random>
#include <string>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

// From Linux 6.17 on.
bool KernelLimitsReceives() {
  utsname system = {};
  int major = 0, minor = 0;
  uname(&system);
  std::sscanf(system.release, "%d.%d", &major, &minor);
  return major > 6 || (major == 6 && minor >= 17);
}

class SocketPauseTest : public SocketTest {};
INSTANTIATE_FOR_ALL_BACKENDS(SocketPauseTest);

TEST_P(SocketPauseTest, KeepsWaitingBytesWhilePaused) {
  socket_->ResumeReceive();
  peer_.Send("one ");
  RunUntil([&] { return Received("one "); });
  socket_->PauseReceive();
  peer_.Send("two ");
  RunWhatIsDue();
  peer_.Send("three");
  RunWhatIsDue();
  EXPECT_EQ(handler_.received, "one ");
  socket_->ResumeReceive();
  RunUntil([&] { return Received("one two three"); });
}

TEST_P(SocketPauseTest, KeepsTheEndWhilePausedEvenBehindBytes) {
  socket_->ResumeReceive();
  RunWhatIsDue();
  socket_->PauseReceive();
  peer_.Send("last words");
  peer_.ShutdownSend();
  RunWhatIsDue();
  EXPECT_EQ(handler_.received, "");
  EXPECT_FALSE(handler_.receive_end.has_value());
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.received, "last words");
  EXPECT_EQ(handler_.receive_end, 0);
}

TEST_P(SocketPauseTest, KeepsTheEndWhilePausedInTheLastBytes) {
  handler_.on_received = [&] { socket_->PauseReceive(); };
  socket_->ResumeReceive();
  peer_.Send("last words");
  peer_.ShutdownSend();
  RunUntil([&] { return Received("last words"); });
  RunWhatIsDue();
  EXPECT_FALSE(handler_.receive_end.has_value());
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.receive_end.has_value(); });
}

TEST_P(SocketPauseTest, APauseFromOnReceivedHoldsAtOnce) {
  handler_.on_received = [&] { socket_->PauseReceive(); };
  const size_t sent = peer_.SendUntilFull();
  while (handler_.received.size() < sent) {
    const int count = handler_.receive_count;
    socket_->ResumeReceive();
    RunUntil([&] { return handler_.receive_count > count; });
    RunWhatIsDue();
    ASSERT_EQ(handler_.receive_count, count + 1);
  }
  const std::string block = Pattern(100000);
  for (size_t at = 0; at + block.size() <= sent; at += block.size()) {
    ASSERT_EQ(handler_.received.compare(at, block.size(), block), 0) << at;
  }
}

TEST_P(SocketPauseTest, KeepsLittleWhilePaused) {
  socket_->ResumeReceive();
  peer_.Send("x");
  RunUntil([&] { return Received("x"); });
  NoteBlocksOfAnIdleLoop();
  handler_.on_received = [&] { socket_->PauseReceive(); };
  // Until neither the kernel nor the socket takes any more.
  size_t sent = 0;
  for (size_t more = 1; more > 0; sent += more) {
    more = peer_.SendUntilFull();
    RunWhatIsDue();
  }
  ASSERT_GT(sent, 1u << 20);
  // What a request to receive may bring: with a limit 64 KiB, and else 32 blocks, which come twice before it is
  // cancelled.
  EXPECT_LE(BlocksHeld(), KernelLimitsReceives() ? 6u : 70u);
}

TEST_P(SocketPauseTest, LosesNothingHoweverOftenItPauses) {
  std::mt19937 random(7);
  RecordingHandler other_handler;
  Socket* other = loop_->Adopt(peer_.Release(), &other_handler);
  const std::string bytes = Pattern(4 << 20);
  handler_.on_received = [&] {
    if (random() % 3 == 0) socket_->PauseReceive();
  };
  const StringSender sender(other, &other_handler, bytes);
  RunUntil([&] {
    switch (random() % 4) {
      case 0:
        socket_->PauseReceive();
        break;
      case 1:
        socket_->PauseReceive();
        socket_->ResumeReceive();
        break;
      default:
        socket_->ResumeReceive();
    }
    return handler_.received.size() == bytes.size();
  });
  EXPECT_TRUE(handler_.received == bytes);
  other->Close();
}

}  // namespace
}  // namespace fairlead::event::testing
