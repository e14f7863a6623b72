#include "dataplane/proxy/relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "dataplane/event/loop_test_support.h"
#include "dataplane/event/turn_work.h"

namespace fairlead::proxy {
namespace {

using event::testing::Pattern;
using event::testing::Peer;
using event::testing::TcpPair;

// A relay between two sockets, and the peers at their other ends.
class RelayTest : public event::testing::LoopTest, protected event::TurnWorker, protected Relay::Meter {
 protected:
  void Attach(Relay::Side side, Peer& peer) {
    auto [fd, other] = TcpPair();
    peer = std::move(other);
    event::TurnScope scope(&turn_work_);
    relay_.Attach(side, loop_->Adopt(fd, nullptr));
  }
  void AttachBoth() {
    Attach(Relay::kClient, client_);
    Attach(Relay::kServer, server_);
  }
  std::string Read(Peer& peer, size_t size) {
    std::string bytes;
    RunUntil([&] {
      bytes += peer.Receive(size - bytes.size());
      return bytes.size() >= size || peer.AtEnd();
    });
    return bytes;
  }
  // Waits for the end of what the peer is sent, and nothing before it: 0 for an orderly one, else the errno.
  int EndOf(Peer& peer) {
    char byte;
    ssize_t received = 0;
    RunUntil([&] {
      received = recv(peer.fd(), &byte, 1, 0);
      return received >= 0 || errno != EAGAIN;
    });
    EXPECT_LE(received, 0);
    return received < 0 ? errno : 0;
  }

  void RunTurnWork() override {
    if (state_ == Relay::State::kOpen) state_ = relay_.Run();
  }

  void OnRelayReceived(Relay::Side from, size_t bytes) override { received_[from] += bytes; }
  void OnRelaySent(Relay::Side to, size_t bytes) override { sent_[to] += bytes; }

  event::TurnWork turn_work_;
  size_t received_[2] = {}, sent_[2] = {};
  Relay relay_{loop_.get(), &turn_work_, this, this};
  Relay::State state_ = Relay::State::kOpen;
  Peer client_, server_;
};
INSTANTIATE_FOR_ALL_BACKENDS(RelayTest);

TEST_P(RelayTest, PassesBytesBothWaysAndCountsThem) {
  AttachBoth();
  client_.Send("question");
  EXPECT_EQ(Read(server_, 8), "question");
  server_.Send("answer");
  EXPECT_EQ(Read(client_, 6), "answer");
  EXPECT_EQ(received_[Relay::kClient], 8u);
  EXPECT_EQ(sent_[Relay::kServer], 8u);
  EXPECT_EQ(received_[Relay::kServer], 6u);
  EXPECT_EQ(sent_[Relay::kClient], 6u);
  EXPECT_EQ(state_, Relay::State::kOpen);
}

TEST_P(RelayTest, KeepsWhatComesBeforeTheOtherSideIsThere) {
  relay_.output(Relay::kServer).Append("first, ", loop_->blocks());
  Attach(Relay::kClient, client_);
  client_.Send("early");
  client_.ShutdownSend();
  RunUntil([&] { return received_[Relay::kClient] == 5; });
  Attach(Relay::kServer, server_);
  EXPECT_EQ(Read(server_, 100), "first, early");
  EXPECT_EQ(EndOf(server_), 0);
}

TEST_P(RelayTest, EachDirectionEndsOnItsOwn) {
  AttachBoth();
  client_.Send("all I have");
  client_.ShutdownSend();
  EXPECT_EQ(Read(server_, 100), "all I have");
  EXPECT_EQ(EndOf(server_), 0);
  EXPECT_EQ(state_, Relay::State::kOpen);
  server_.Send("thanks");
  EXPECT_EQ(Read(client_, 6), "thanks");
  server_.ShutdownSend();
  EXPECT_EQ(EndOf(client_), 0);
  RunUntil([&] { return state_ == Relay::State::kEnded; });
}

TEST_P(RelayTest, PassesOnAllBeforeTheEnd) {
  AttachBoth();
  const std::string bytes = Pattern(3'000'000);
  size_t sent = 0;
  std::string received;
  RunUntil([&] {
    const ssize_t n = send(server_.fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<size_t>(n);
    if (sent == bytes.size()) server_.ShutdownSend();
    received += client_.Receive();
    return received.size() == bytes.size();
  });
  EXPECT_TRUE(received == bytes);
  EXPECT_EQ(EndOf(client_), 0);
}

TEST_P(RelayTest, HoldsASenderWhosePeerDoesNotRead) {
  AttachBoth();
  client_.Send("x");
  Read(server_, 1);
  NoteBlocksOfAnIdleLoop();
  size_t sent = 0, before = 1;
  for (int quiet = 0; quiet < 20; quiet = sent == before ? quiet + 1 : 0) {
    before = sent;
    sent += client_.SendUntilFull();
    RunWhatIsDue();
  }
  EXPECT_LE(relay_.output(Relay::kServer).size(), Relay::kHighWatermark + 64 * 1024);
  // What waits, and what io_uring had received before it was told to stop: a ring at the most.
  EXPECT_LE(BlocksHeld(), 100u);
  // It goes on where the peer reads.
  EXPECT_EQ(Read(server_, sent).size(), sent);
}

TEST_P(RelayTest, SmallPiecesThatWaitShareBlocks) {
  Attach(Relay::kClient, client_);
  for (uint64_t i = 1; i <= 1000; ++i) {
    client_.Send("x");
    RunUntil([&] { return received_[Relay::kClient] == i; });
    if (i == 1) NoteBlocksOfAnIdleLoop();
  }
  EXPECT_LE(BlocksHeld(), 16u);
  Attach(Relay::kServer, server_);
  EXPECT_EQ(Read(server_, 1000), std::string(1000, 'x'));
}

TEST_P(RelayTest, AResetIsAFailureOnceTheRestIsPassedOn) {
  AttachBoth();
  server_.Send("last words");
  EXPECT_EQ(Read(client_, 10), "last words");
  server_.Reset();
  RunUntil([&] { return state_ == Relay::State::kFailed; });
  relay_.Close(/*reset=*/true);
  EXPECT_EQ(EndOf(client_), ECONNRESET);
}

TEST_P(RelayTest, AClientThatResetsBeforeTheServerIsThereIsAFailure) {
  Attach(Relay::kClient, client_);
  client_.Send("never to be seen");
  RunUntil([&] { return received_[Relay::kClient] > 0; });
  client_.Reset();
  RunUntil([&] { return state_ == Relay::State::kFailed; });
}

TEST_P(RelayTest, ASideThatClosedAndTakesNothingMoreEndsBoth) {
  AttachBoth();
  server_.Send("bye");
  server_.Close();
  EXPECT_EQ(Read(client_, 3), "bye");
  // The first is answered by a reset, the second fails.
  RunUntil([&] {
    send(client_.fd(), "?", 1, MSG_NOSIGNAL);
    return state_ != Relay::State::kOpen;
  });
  EXPECT_EQ(state_, Relay::State::kEnded);
}

}  // namespace
}  // namespace fairlead::proxy
