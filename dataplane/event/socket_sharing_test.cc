// How sockets of one loop share its time and its memory.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

class SocketSharingTest : public SocketTest {};
INSTANTIATE_FOR_ALL_BACKENDS(SocketSharingTest);

TEST_P(SocketSharingTest, HoldsNoMemoryWhenIdle) {
  socket_->ResumeReceive();
  peer_.Send("warm up");
  RunUntil([&] { return Received("warm up"); });
  NoteBlocksOfAnIdleLoop();
  for (int i = 0; i < 100; ++i) {
    handler_.received.clear();
    peer_.Send(Pattern(5000));
    RunUntil([&] { return handler_.received.size() == 5000; });
  }
  EXPECT_EQ(BlocksHeld(), 0u);
}

// Keeps what arrives.
class KeepingHandler final : public SocketHandler {
 public:
  void OnConnected(int) override {}
  void OnReceived(buffer::Slice bytes) override { slices.push_back(std::move(bytes)); }
  void OnReceiveEnd(int) override {}
  void OnSent(size_t, int) override {}

  std::vector<buffer::Slice> slices;
};

TEST_P(SocketSharingTest, SmallPiecesShareABlock) {
  KeepingHandler handler;
  socket_->set_handler(&handler);
  socket_->ResumeReceive();
  for (size_t i = 1; i <= 20; ++i) {
    peer_.Send("request " + std::to_string(100 + i));
    RunUntil([&] { return handler.slices.size() == i; });
  }
  for (size_t i = 1; i <= 20; ++i) {
    EXPECT_EQ(handler.slices[i - 1].view(), "request " + std::to_string(100 + i));
    EXPECT_EQ(handler.slices[i - 1].block(), handler.slices[0].block());
  }
}

TEST_P(SocketSharingTest, ABusySocketLeavesOthersTheirTurn) {
  // The busy one is never out of work: whatever it sends, it receives again.
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  RecordingHandler sending_handler, receiving_handler;
  Socket* sending = loop_->Adopt(ends[0], &sending_handler);
  Socket* receiving = loop_->Adopt(ends[1], &receiving_handler);
  const std::string bytes = Pattern(60000);
  const iovec iovec = {const_cast<char*>(bytes.data()), bytes.size()};
  sending_handler.on_sent = [&] { sending->StartSend(&iovec, 1); };
  receiving->ResumeReceive();
  sending->StartSend(&iovec, 1);
  RunWhatIsDue();
  socket_->ResumeReceive();
  peer_.Send("hello");
  RunWhatIsDue();  // Comes back, for a start.
  EXPECT_EQ(handler_.received, "hello");
  EXPECT_GT(receiving_handler.received.size(), bytes.size());
  sending->Close();
  receiving->Close();
}

TEST_P(SocketSharingTest, ManySocketsAnswerTheirPeers) {
  constexpr int kSockets = 500;
  struct Echo {
    Peer peer;
    RecordingHandler handler;
    Socket* socket;
    std::string last;
  };
  std::vector<std::unique_ptr<Echo>> echoes;
  for (int i = 0; i < kSockets; ++i) {
    auto echo = std::make_unique<Echo>();
    auto [fd, peer] = TcpPair();
    echo->peer = std::move(peer);
    echo->socket = loop_->Adopt(fd, &echo->handler);
    echo->handler.on_received = [echo = echo.get()] {
      echo->last = std::exchange(echo->handler.received, "");
      const iovec iovec = {echo->last.data(), echo->last.size()};
      echo->socket->StartSend(&iovec, 1);
    };
    echo->socket->ResumeReceive();
    echoes.push_back(std::move(echo));
  }
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < kSockets; ++i) echoes[i]->peer.Send("round " + std::to_string(round) + "/" + std::to_string(i));
    for (int i = 0; i < kSockets; ++i) {
      std::string answer;
      RunUntil([&] { return !(answer = echoes[i]->peer.Receive()).empty(); });
      ASSERT_EQ(answer, "round " + std::to_string(round) + "/" + std::to_string(i));
    }
  }
  for (auto& echo : echoes) echo->socket->Close();
}

// Raises the limit of descriptors for a test.
bool CanOpen(rlim_t descriptors) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  if (limit.rlim_cur >= descriptors) return true;
  limit.rlim_cur = descriptors;
  return descriptors <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST_P(SocketSharingTest, NothingIsLostWhenMoreHappensInATurnThanQueuesHold) {
  // More sends in one turn than io_uring's queue of requests has places, and with their bytes arriving in the same
  // loop, more completions than its other queue has.
  constexpr int kPairs = 4500;
  if (!CanOpen(2 * kPairs + 100)) GTEST_SKIP() << "not enough descriptors";
  struct End {
    RecordingHandler handler;
    Socket* socket;
    std::string message;
  };
  std::vector<std::unique_ptr<End>> ends;
  for (int i = 0; i < kPairs; ++i) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    for (const int fd : fds) {
      auto end = std::make_unique<End>();
      end->socket = loop_->Adopt(fd, &end->handler);
      end->message = "message of " + std::to_string(ends.size());
      ends.push_back(std::move(end));
    }
  }
  RunWhatIsDue();
  loop_->mailbox().Post([&] {
    for (auto& end : ends) {
      const iovec pieces[] = {{end->message.data(), 8}, {end->message.data() + 8, end->message.size() - 8}};
      end->socket->ResumeReceive();
      end->socket->StartSend(pieces, 2);
    }
  });
  RunUntil([&] {
    for (size_t i = 0; i < ends.size(); ++i) {
      if (ends[i]->handler.total_sent != ends[i]->message.size()) return false;
      if (ends[i]->handler.received != ends[i ^ 1]->message) return false;
    }
    return true;
  });
  for (auto& end : ends) end->socket->Close();
}

}  // namespace
}  // namespace fairlead::event::testing
