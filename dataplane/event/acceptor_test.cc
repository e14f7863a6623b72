#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

using ::testing::Each;

class AcceptorTest : public LoopTest, protected AcceptHandler {
 protected:
  AcceptorTest() : acceptor_(loop_->Accept(listener_.fd, this)) {}
  ~AcceptorTest() override {
    if (acceptor_ != nullptr) CloseAcceptor();
  }

  void OnAccepted(int fd, const sockaddr* peer, socklen_t peer_length) override {
    accepted_.emplace_back(fd);
    ASSERT_EQ(peer_length, sizeof(sockaddr_in));
    peer_ports_.push_back(reinterpret_cast<const sockaddr_in*>(peer)->sin_port);
    if (on_accepted_) on_accepted_();
  }
  void OnAcceptError(int error) override { errors_.push_back(error); }
  void CloseAcceptor() { std::exchange(acceptor_, nullptr)->Close(); }

  TestListener listener_;
  std::vector<Peer> accepted_;
  std::vector<in_port_t> peer_ports_;
  std::vector<int> errors_;
  std::function<void()> on_accepted_;
  Acceptor* acceptor_;
};
INSTANTIATE_FOR_ALL_BACKENDS(AcceptorTest);

TEST_P(AcceptorTest, TellsADescriptorAndThePeersAddress) {
  const Peer peer = listener_.Connect();
  RunUntil([&] { return !accepted_.empty(); });
  sockaddr_in local;
  socklen_t length = sizeof(local);
  ASSERT_EQ(getsockname(peer.fd(), reinterpret_cast<sockaddr*>(&local), &length), 0);
  EXPECT_EQ(peer_ports_[0], local.sin_port);
  EXPECT_NE(fcntl(accepted_[0].fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(accepted_[0].fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_P(AcceptorTest, TakesManyConnectionsThatCameAtOnce) {
  std::vector<Peer> peers;
  for (int i = 0; i < 300; ++i) peers.push_back(listener_.Connect());
  RunUntil([&] { return accepted_.size() == 300; });
  peers.push_back(listener_.Connect());
  RunUntil([&] { return accepted_.size() == 301; });
}

TEST_P(AcceptorTest, ConnectionsThatEndedInTheQueueDoNoHarm) {
  listener_.Connect().Reset();
  Peer peer = listener_.Connect();
  RunUntil([&] { return accepted_.size() == 2 || accepted_.size() == 1; });
  peer.Send("alive");
  RunUntil([&] { return !accepted_.empty() && accepted_.back().Receive() == "alive"; });
  EXPECT_TRUE(errors_.empty());
}

// Leaves the process without free descriptors.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    const rlimit none = {static_cast<rlim_t>(next), before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST_P(AcceptorTest, PausesWithoutDescriptorsAndRecoversByItself) {
  loop_->RunOnce(/*wait=*/false);
  const Peer peer = listener_.Connect();
  {
    const NoDescriptors none;
    RunUntil([&] { return !errors_.empty(); });
    EXPECT_EQ(errors_.size(), 1u) << "does not try again and again within a turn";
    EXPECT_THAT(errors_, Each(EMFILE));
  }
  RunUntil([&] { return accepted_.size() == 1; });
  const Peer next = listener_.Connect();
  RunUntil([&] { return accepted_.size() == 2; });
}

TEST_P(AcceptorTest, LeavesDescriptorsFromTheCeilingOnToOthers) {
  loop_->RunOnce(/*wait=*/false);
  std::vector<Peer> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(listener_.Connect());
  const int next = dup(0);
  close(next);
  loop_->set_descriptor_ceiling(next + 2 + 8);
  ASSERT_EQ(loop_->accept_ceiling(), next + 2) << "eight are for connections to servers";
  RunUntil([&] { return errors_.size() >= 2; });  // tried again, and found none
  EXPECT_THAT(errors_, Each(EMFILE));
  EXPECT_EQ(accepted_.size(), 3u) << "the one that tells is the last";
  accepted_.clear();
  RunUntil([&] { return accepted_.size() == 2; });
}

TEST_P(AcceptorTest, ClosesWhilePaused) {
  loop_->RunOnce(/*wait=*/false);
  const Peer peer = listener_.Connect();
  {
    const NoDescriptors none;
    RunUntil([&] { return !errors_.empty(); });
  }
  CloseAcceptor();
  EXPECT_EQ(accepted_.size(), 1u);
  RunWhatIsDue();
}

TEST_P(AcceptorTest, CloseTakesWhatWaitsInTheQueue) {
  loop_->RunOnce(/*wait=*/false);
  std::vector<Peer> peers;
  for (int i = 0; i < 100; ++i) peers.push_back(listener_.Connect());
  CloseAcceptor();
  EXPECT_EQ(accepted_.size(), 100u);
  peers[99].Send("served");
  EXPECT_EQ(accepted_[99].Receive(), "served");
  RunWhatIsDue();
  EXPECT_EQ(accepted_.size(), 100u);
}

TEST_P(AcceptorTest, CloseFreesTheAddressAtOnce) {
  for (int i = 0; i < 3; ++i) {
    for (int turn = 0; turn < i; ++turn) loop_->RunOnce(/*wait=*/false);
    const Peer peer = listener_.Connect();
    if (i > 1) RunUntil([&] { return !accepted_.empty(); });
    CloseAcceptor();
    accepted_.clear();
    listener_.fd = NonBlockingTcpSocket();
    const int on = 1;
    setsockopt(listener_.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ASSERT_EQ(bind(listener_.fd, listener_.addr(), listener_.length), 0) << errno;
    ASSERT_EQ(listen(listener_.fd, 10), 0) << errno;
    acceptor_ = loop_->Accept(listener_.fd, this);
  }
}

TEST_P(AcceptorTest, ManyThatCloseWaitTogetherForTheirLastHandshakes) {
  std::vector<std::unique_ptr<TestListener>> listeners;
  std::vector<Acceptor*> acceptors;
  const auto took = [&] {
    listeners.clear();
    acceptors.clear();
    for (int i = 0; i < 500; ++i) {
      listeners.push_back(std::make_unique<TestListener>());
      acceptors.push_back(loop_->Accept(listeners.back()->fd, this));
    }
    loop_->RunOnce(/*wait=*/false);
    accepted_.clear();
    const Peer peer = listeners.back()->Connect();
    const auto begin = std::chrono::steady_clock::now();
    for (Acceptor* acceptor : acceptors) acceptor->Refuse();
    for (Acceptor* acceptor : acceptors) acceptor->Close();
    const auto end = std::chrono::steady_clock::now();
    EXPECT_EQ(accepted_.size(), 1u);
    RunWhatIsDue();
    return end - begin;
  };
  // One by one they could not be so quick; together they may be slow on a machine that does much else.
  int tries = 10;
  while (took() >= std::chrono::milliseconds(400) && --tries > 0) {
  }
  EXPECT_GT(tries, 0);
}

TEST_P(AcceptorTest, ClosesFromOnAccepted) {
  std::vector<Peer> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(listener_.Connect());
  on_accepted_ = [&] {
    if (acceptor_ != nullptr) CloseAcceptor();
  };
  RunUntil([&] { return acceptor_ == nullptr; });
  EXPECT_EQ(accepted_.size(), 10u);
  RunWhatIsDue();
}

TEST_P(AcceptorTest, OnAcceptedMayCloseASocketThatHasSomethingToTell) {
  loop_->RunOnce(/*wait=*/false);
  auto [fd, far] = TcpPair();
  RecordingHandler handler;
  Socket* socket = loop_->Adopt(fd, &handler);
  socket->ResumeReceive();
  RunWhatIsDue();
  on_accepted_ = [&] {
    if (socket != nullptr) std::exchange(socket, nullptr)->Close();
  };
  const Peer peer = listener_.Connect();
  far.Send("too late");
  RunUntil([&] { return socket == nullptr; });
  RunWhatIsDue();
  // io_uring may tell it in the order in which things happened.
  EXPECT_LE(handler.receive_count, 1);
}

TEST_P(AcceptorTest, CopiesOfTheDescriptorStayOfUseAndHarmless) {
  // As after a listener was handed over to another process.
  const int copy = dup(listener_.fd);
  RunWhatIsDue();
  CloseAcceptor();
  const Peer peer = listener_.Connect();
  RunWhatIsDue();
  EXPECT_TRUE(accepted_.empty());
  acceptor_ = loop_->Accept(copy, this);
  RunUntil([&] { return accepted_.size() == 1; });
}

}  // namespace
}  // namespace fairlead::event::testing
