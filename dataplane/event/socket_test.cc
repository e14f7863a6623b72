#include "dataplane/event/socket.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

// One socket of the loop under test and its peer.
class SocketTest : public LoopTest {
 protected:
  SocketTest() {
    auto [fd, peer] = TcpPair();
    peer_ = std::move(peer);
    socket_ = loop_->Adopt(fd, &handler_);
  }
  ~SocketTest() override {
    if (socket_ != nullptr) socket_->Close();
  }

  void Send(std::string_view bytes) {
    const iovec iovec = {const_cast<char*>(bytes.data()), bytes.size()};
    handler_.inside_a_call = true;
    socket_->StartSend(&iovec, 1);
    handler_.inside_a_call = false;
  }
  void CloseSocket() { std::exchange(socket_, nullptr)->Close(); }
  bool Received(std::string_view bytes) { return handler_.received == bytes; }

  Peer peer_;
  RecordingHandler handler_;
  Socket* socket_;
};
INSTANTIATE_FOR_ALL_BACKENDS(SocketTest);

TEST_P(SocketTest, TellsWhatArrives) {
  socket_->ResumeReceive();
  peer_.Send("hello");
  RunUntil([&] { return Received("hello"); });
  peer_.Send(" again");
  RunUntil([&] { return Received("hello again"); });
  EXPECT_FALSE(handler_.receive_end.has_value());
}

TEST_P(SocketTest, TellsNothingBeforeItMayReceive) {
  peer_.Send("hello");
  RunWhatIsDue();
  EXPECT_EQ(handler_.received, "");
  socket_->ResumeReceive();
  RunUntil([&] { return Received("hello"); });
}

TEST_P(SocketTest, TellsNothingFromInsideACall) {
  peer_.Send("hello");
  RunWhatIsDue();
  handler_.inside_a_call = true;
  socket_->ResumeReceive();
  socket_->ResumeReceive();
  handler_.inside_a_call = false;
  RunUntil([&] { return Received("hello"); });
}

TEST_P(SocketTest, SendsAndTellsHowMuch) {
  Send("hello");
  EXPECT_FALSE(handler_.sent.has_value());
  RunUntil([&] { return handler_.sent.has_value(); });
  EXPECT_EQ(*handler_.sent, std::make_pair(size_t{5}, 0));
  EXPECT_EQ(peer_.Receive(), "hello");
}

TEST_P(SocketTest, GathersPiecesInOrderFromAnArrayThatNeedNotStay) {
  std::vector<std::string> pieces;
  std::string whole;
  for (int i = 0; i < Socket::kMaxIovecs; ++i) {
    pieces.push_back("piece " + std::to_string(i) + ", ");
    whole += pieces.back();
  }
  {
    auto iovecs = std::make_unique<iovec[]>(Socket::kMaxIovecs);
    for (int i = 0; i < Socket::kMaxIovecs; ++i) iovecs[i] = {pieces[i].data(), pieces[i].size()};
    socket_->StartSend(iovecs.get(), Socket::kMaxIovecs);
    std::memset(iovecs.get(), 0, sizeof(iovec) * Socket::kMaxIovecs);
  }
  RunUntil([&] { return handler_.sent.has_value(); });
  EXPECT_EQ(peer_.Receive(), whole);
}

TEST_P(SocketTest, ASendWaitsForRoomAndThenGoesOn) {
  const std::string bytes = Pattern(20 << 20);
  StringSender sender(socket_, &handler_, bytes);
  // Until the kernel takes no more.
  size_t before;
  do {
    before = handler_.total_sent;
    RunWhatIsDue();
  } while (handler_.total_sent != before);
  ASSERT_FALSE(sender.done());
  std::string received;
  RunUntil([&] {
    received += peer_.Receive();
    return received.size() == bytes.size();
  });
  EXPECT_TRUE(sender.done());
  EXPECT_EQ(received, bytes);
}

TEST_P(SocketTest, CarriesLongStreamsBothWaysAtOnce) {
  RecordingHandler other_handler;
  Socket* other = loop_->Adopt(peer_.Release(), &other_handler);
  const std::string there = Pattern(5'000'000);
  const std::string back = there.substr(1'000'000) + there;
  const StringSender sender(socket_, &handler_, there), other_sender(other, &other_handler, back);
  socket_->ResumeReceive();
  other->ResumeReceive();
  RunUntil([&] { return handler_.received.size() == back.size() && other_handler.received.size() == there.size(); });
  EXPECT_TRUE(handler_.received == back);
  EXPECT_TRUE(other_handler.received == there);
  other->Close();
}

TEST_P(SocketTest, TellsTheEndAfterTheLastBytesAndCanStillSend) {
  socket_->ResumeReceive();
  peer_.Send("request");
  peer_.ShutdownSend();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.receive_end, 0);
  EXPECT_EQ(handler_.received, "request");
  Send("response");
  RunUntil([&] { return handler_.sent.has_value(); });
  EXPECT_EQ(peer_.Receive(), "response");
}

TEST_P(SocketTest, CanStillReceiveAfterTheEndOfItsOwnStream) {
  Send("request");
  RunUntil([&] { return handler_.sent.has_value(); });
  socket_->ShutdownSend();
  EXPECT_EQ(peer_.Receive(), "request");
  RunUntil([&] { return peer_.AtEnd(); });
  peer_.Send("response");
  socket_->ResumeReceive();
  RunUntil([&] { return Received("response"); });
  EXPECT_FALSE(handler_.receive_end.has_value());
}

TEST_P(SocketTest, TellsAReset) {
  socket_->ResumeReceive();
  RunWhatIsDue();
  peer_.Reset();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.receive_end, ECONNRESET);
}

TEST_P(SocketTest, TellsAResetRightBehindTheLastBytes) {
  socket_->ResumeReceive();
  RunWhatIsDue();
  peer_.Send("last words");
  peer_.Reset();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.receive_end, ECONNRESET);
}

TEST_P(SocketTest, ASendThatCannotEndWellTellsItsError) {
  const std::string bytes = Pattern(20 << 20);
  const iovec iovec = {const_cast<char*>(bytes.data()), bytes.size()};
  handler_.on_sent = [&] {
    if (handler_.sent->second == 0) socket_->StartSend(&iovec, 1);
  };
  socket_->StartSend(&iovec, 1);
  RunWhatIsDue();  // It waits for room by now, and goes on to do so.
  peer_.Reset();
  RunUntil([&] { return handler_.sent.has_value() && handler_.sent->second != 0; });
  EXPECT_TRUE(handler_.sent->second == ECONNRESET || handler_.sent->second == EPIPE) << handler_.sent->second;
}

TEST_P(SocketTest, KeepsWaitingBytesWhilePaused) {
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

TEST_P(SocketTest, KeepsTheEndWhilePausedEvenBehindBytes) {
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

TEST_P(SocketTest, KeepsTheEndWhilePausedInTheLastBytes) {
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

TEST_P(SocketTest, APauseFromOnReceivedHoldsAtOnce) {
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

TEST_P(SocketTest, LosesNothingHoweverOftenItPauses) {
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

TEST_P(SocketTest, HoldsNoMemoryWhenIdle) {
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

TEST_P(SocketTest, SmallPiecesShareABlock) {
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

TEST_P(SocketTest, ClosingEndsTheStreamForThePeer) {
  socket_->ResumeReceive();
  RunWhatIsDue();
  CloseSocket();
  RunUntil([&] { return peer_.AtEnd(); });
  EXPECT_FALSE(handler_.receive_end.has_value());
}

TEST_P(SocketTest, NothingIsToldAfterClose) {
  socket_->ResumeReceive();
  Send("x");
  peer_.Send("y");
  peer_.ShutdownSend();
  CloseSocket();
  RunUntil([&] { return peer_.AtEnd() || peer_.Receive() == "x"; });
  EXPECT_EQ(handler_.received, "");
  EXPECT_FALSE(handler_.receive_end.has_value());
  EXPECT_FALSE(handler_.sent.has_value());
}

TEST_P(SocketTest, ClosingWithASendUnderWayKeepsItsBytesAsLongAsTheKernelNeedsThem) {
  NoteBlocksOfAnIdleLoop();
  std::vector<buffer::Slice> slices;
  iovec iovecs[Socket::kMaxIovecs];
  for (iovec& iovec : iovecs) {
    buffer::Block* block = loop_->blocks().Allocate();
    std::memset(block->data(), 'a', buffer::BlockPool::kBlockSize);
    slices.emplace_back(block, block->data(), buffer::BlockPool::kBlockSize);
    iovec = {slices.back().data(), slices.back().size()};
  }
  handler_.on_sent = [&] { socket_->StartSend(iovecs, Socket::kMaxIovecs); };
  socket_->StartSend(iovecs, Socket::kMaxIovecs);
  size_t before;
  do {
    before = handler_.total_sent;
    RunWhatIsDue();
  } while (handler_.total_sent != before);

  std::exchange(socket_, nullptr)->Close(std::move(slices));
  // Whatever is free by now is used again.
  std::vector<buffer::Slice> others;
  for (int i = 0; i < Socket::kMaxIovecs; ++i) {
    buffer::Block* block = loop_->blocks().Allocate();
    std::memset(block->data(), 'X', buffer::BlockPool::kBlockSize);
    others.emplace_back(block, block->data(), 0);
  }
  size_t received = 0;
  RunUntil([&] {
    const std::string bytes = peer_.Receive();
    EXPECT_EQ(bytes.find_first_not_of('a'), std::string::npos);
    received += bytes.size();
    return peer_.AtEnd();
  });
  EXPECT_GE(received, handler_.total_sent);
  others.clear();
  RunUntil([&] { return BlocksHeld() == 0; });
}

TEST_P(SocketTest, ClosesFromEveryCallback) {
  const auto close = [&] { CloseSocket(); };
  const auto renew = [&] {
    auto [fd, peer] = TcpPair();
    peer_ = std::move(peer);
    handler_ = RecordingHandler();
    socket_ = loop_->Adopt(fd, &handler_);
    socket_->ResumeReceive();
  };
  CloseSocket();

  renew();
  handler_.on_received = close;
  peer_.SendUntilFull();
  peer_.ShutdownSend();
  RunUntil([&] { return socket_ == nullptr; });
  RunWhatIsDue();
  EXPECT_EQ(handler_.receive_count, 1);
  EXPECT_FALSE(handler_.receive_end.has_value());

  renew();
  handler_.on_receive_end = close;
  Send("x");
  peer_.ShutdownSend();
  RunUntil([&] { return socket_ == nullptr; });

  renew();
  handler_.on_sent = close;
  Send("x");
  peer_.Send("y");
  peer_.ShutdownSend();
  RunUntil([&] { return socket_ == nullptr; });
  RunWhatIsDue();
}

TEST_P(SocketTest, ASocketClosedByAnotherEarlierInTheTurnIsToldNothing) {
  for (int i = 0; i < 20; ++i) {
    auto [fd, peer] = TcpPair();
    RecordingHandler other_handler;
    Socket* other = loop_->Adopt(fd, &other_handler);
    auto [first_fd, first_peer] = TcpPair();
    RecordingHandler first_handler;
    Socket* first = loop_->Adopt(first_fd, &first_handler);
    // Whichever is told first closes the other.
    first_handler.on_received = [&] { std::exchange(other, nullptr)->Close(); };
    other_handler.on_received = [&] { std::exchange(first, nullptr)->Close(); };
    first->ResumeReceive();
    other->ResumeReceive();
    RunWhatIsDue();
    peer.Send("x");
    first_peer.Send("x");
    RunUntil([&] { return first == nullptr || other == nullptr; });
    RunWhatIsDue();
    EXPECT_EQ(first_handler.receive_count + other_handler.receive_count, 1);
    (first != nullptr ? first : other)->Close();
  }
}

TEST_P(SocketTest, ABusySocketLeavesOthersTheirTurn) {
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

TEST_P(SocketTest, ManySocketsAnswerTheirPeers) {
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

}  // namespace
}  // namespace fairlead::event::testing
