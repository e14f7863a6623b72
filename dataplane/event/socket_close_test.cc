#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

class SocketCloseTest : public SocketTest {};
INSTANTIATE_FOR_ALL_BACKENDS(SocketCloseTest);

TEST_P(SocketCloseTest, ClosingEndsTheStreamForThePeer) {
  socket_->ResumeReceive();
  RunWhatIsDue();
  CloseSocket();
  RunUntil([&] { return peer_.AtEnd(); });
  EXPECT_FALSE(handler_.receive_end.has_value());
}

TEST_P(SocketCloseTest, AResetIsNoOrderlyEndWhateverIsUnderWay) {
  socket_->ResumeReceive();
  RunWhatIsDue();
  Send("last");
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  CloseSocket();
  char bytes[8];
  ssize_t received;
  RunUntil([&] {
    received = recv(peer_.fd(), bytes, sizeof(bytes), MSG_DONTWAIT);
    return received == 0 || (received < 0 && errno != EAGAIN);
  });
  EXPECT_EQ(received, -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_P(SocketCloseTest, NothingIsToldAfterClose) {
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

TEST_P(SocketCloseTest, ClosingWithASendUnderWayKeepsItsBytesAsLongAsTheKernelNeedsThem) {
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
  if (GetParam() == IoBackend::kIoUring) {
    EXPECT_EQ(BlocksHeld(), static_cast<size_t>(Socket::kMaxIovecs));
  }
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

TEST_P(SocketCloseTest, ClosesFromEveryCallback) {
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

TEST_P(SocketCloseTest, ASocketClosedByAnotherEarlierInTheTurnIsToldNothing) {
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

TEST_P(SocketCloseTest, TheLoopMayEndBeforeTheKernelIsDoneWithASocket) {
  handler_.on_received = [&] { socket_->PauseReceive(); };
  socket_->ResumeReceive();
  ASSERT_GT(peer_.SendUntilFull(), 0u);
  RunUntil([&] { return handler_.receive_count == 1; });
  RunWhatIsDue();
  const std::string bytes = Pattern(20 << 20);
  const iovec iovec = {const_cast<char*>(bytes.data()), bytes.size()};
  handler_.on_sent = [&] { socket_->StartSend(&iovec, 1); };
  socket_->StartSend(&iovec, 1);
  RunWhatIsDue();
  // With a send under way and work put off.
  socket_->ResumeReceive();
  CloseSocket();
  loop_.reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!peer_.AtEnd()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    peer_.Receive();
  }
}

}  // namespace
}  // namespace fairlead::event::testing
