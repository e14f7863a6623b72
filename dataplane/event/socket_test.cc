#include "dataplane/event/socket.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

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

TEST_P(SocketTest, KnowsOfNewsBeforeTheyAreTold) {
  socket_->ResumeReceive();
  RunWhatIsDue();
  EXPECT_FALSE(socket_->HasNews());
  peer_.Send("hello");
  EXPECT_TRUE(socket_->HasNews());
  RunUntil([&] { return Received("hello"); });
  EXPECT_FALSE(socket_->HasNews());
  peer_.Close();
  EXPECT_TRUE(socket_->HasNews()) << "the end is news, too";
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
    return received.size() == bytes.size() && sender.done();  // the peer may have the last bytes before OnSent tells
  });
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

}  // namespace
}  // namespace fairlead::event::testing
