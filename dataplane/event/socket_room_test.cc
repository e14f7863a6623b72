// Sends that wait for room, are woken for it, and find none, as it goes now and then on a busy machine. io_uring tries
// a send 128 times and may then end it with EAGAIN, though nobody asked it to.

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

class SocketRoomTest : public SocketTest {
 protected:
  // As often as the kernel tries.
  static constexpr int kTries = 128;

  SocketRoomTest() : others_(dup(socket_->fd())) {}

  // Two pieces: the kernel treats a single one in another way.
  void SendLastWords() {
    const iovec iovecs[] = {{last_, 5}, {words_, 5}};
    socket_->StartSend(iovecs, 2);
  }
  // Begins that, and takes the room that it is woken for each time before it gets its turn.
  void SendWithoutRoom() {
    TakeRoom();
    SendLastWords();
    for (int i = 0; i < kTries; ++i) {
      RunWhatIsDue();
      pollfd room = {.fd = others_.fd(), .events = POLLOUT, .revents = 0};
      while (room.revents == 0) {
        received_ += peer_.Receive();
        ASSERT_GE(poll(&room, 1, 1), 0);
      }
      TakeRoom();
    }
    // The kernel's own thread is to try while there is no room.
    for (int i = 0; i < 100 && !handler_.sent.has_value(); ++i) {
      RunWhatIsDue();
      usleep(1000);
    }
  }
  void TakeRoom() { others_.SendUntilFull(); }

  char last_[5] = {'l', 'a', 's', 't', ' '}, words_[5] = {'w', 'o', 'r', 'd', 's'};
  Peer others_;  // who also send on the socket
  std::string received_;
};
INSTANTIATE_FOR_ALL_BACKENDS(SocketRoomTest);

TEST_P(SocketRoomTest, ASendThatFindsNoRoomIsNoError) {
  handler_.on_sent = [&] {
    ASSERT_EQ(handler_.sent->second, 0);
    if (handler_.sent->first == 0) SendLastWords();
  };
  SendWithoutRoom();
  RunUntil([&] {
    received_ += peer_.Receive();
    return handler_.total_sent > 0;
  });
  received_ += peer_.Receive();
  EXPECT_EQ(handler_.total_sent, 10u);
  EXPECT_NE(received_.find("last words"), std::string::npos);
}

TEST_P(SocketRoomTest, ASendThatFindsNoRoomEndsWithItsSocket) {
  SendWithoutRoom();
  CloseSocket();
  others_.Close();
  handler_.inside_a_call = true;  // nothing is told any more
  RunUntil([&] {
    peer_.Receive();
    return peer_.AtEnd();
  });
}

}  // namespace
}  // namespace fairlead::event::testing
