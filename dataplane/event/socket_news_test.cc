// What a loop knows of sockets that it has not called yet: a connection from a pool must not be used where something
// has come on it that nobody asked for.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

struct Side {
  Peer peer;
  RecordingHandler handler;
  Socket* socket = nullptr;

  bool told() const { return !handler.received.empty() || handler.receive_end.has_value(); }
};

class SocketNewsTest : public LoopTest {
 protected:
  ~SocketNewsTest() override {
    for (const auto& side : sides_) side->socket->Close();
  }

  // Sockets that wait for bytes, and the kernel knows it.
  void Open(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      auto [fd, peer] = TcpPair();
      auto side = std::make_unique<Side>();
      side->peer = std::move(peer);
      side->socket = loop_->Adopt(fd, &side->handler);
      side->socket->ResumeReceive();
      sides_.push_back(std::move(side));
    }
    RunWhatIsDue();
  }
  Side& side(size_t i) { return *sides_[i]; }
  size_t WithNews() const {
    size_t count = 0;
    for (const auto& side : sides_) count += side->socket->HasNews() ? 1 : 0;
    return count;
  }

  std::vector<std::unique_ptr<Side>> sides_;
};

INSTANTIATE_FOR_ALL_BACKENDS(SocketNewsTest);

TEST_P(SocketNewsTest, TheFirstThatIsToldSeesThatTheOtherWillBe) {
  Open(2);
  for (size_t first : {0, 1}) {
    const size_t second = 1 - first;
    std::vector<bool> seen;
    for (size_t i : {first, second}) {
      side(i).handler.received.clear();
      side(i).handler.on_received = [&, i] { seen.push_back(side(1 - i).socket->HasNews()); };
    }
    side(first).peer.Send("a request");
    side(second).peer.Send("what nobody asked for");
    RunUntil([&] { return side(0).told() && side(1).told(); });
    EXPECT_EQ(seen, (std::vector<bool>{true, false}));
  }
}

TEST_P(SocketNewsTest, AnEndIsNewsToo) {
  Open(2);
  bool seen = false;
  side(0).handler.on_received = [&] { seen = !side(1).told() && side(1).socket->HasNews(); };
  side(0).peer.Send("a request");
  side(1).peer.Reset();
  RunUntil([&] { return side(0).told() && side(1).told(); });
  EXPECT_TRUE(seen);
}

TEST_P(SocketNewsTest, ATurnKnowsOfMoreThanItTells) {
  // More than epoll tells of at a time, and more than io_uring works off in one call.
  constexpr size_t kSockets = 400;
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  Open(kSockets);
  size_t told = 0;
  size_t seen = 0;
  for (const auto& side : sides_) {
    side->handler.on_received = [&] {
      if (told++ == 0) seen = WithNews();
    };
  }
  for (const auto& side : sides_) side->peer.Send("what nobody asked for");
  RunUntil([&] { return told == kSockets; });
  EXPECT_EQ(seen, kSockets - 1);
  RunWhatIsDue();
  EXPECT_EQ(WithNews(), 0u);
}

TEST_P(SocketNewsTest, WhatComesBehindBytesThatThisTurnTellsIsKnown) {
  Open(1);
  std::vector<bool> seen;
  side(0).handler.on_received = [&] {
    seen.push_back(side(0).socket->HasNews());
    if (seen.size() == 1) side(0).peer.Send(" and more");
    if (seen.size() == 3) side(0).peer.Close();
    seen.push_back(side(0).socket->HasNews());
  };
  side(0).peer.Send("an answer");
  RunUntil([&] { return side(0).handler.receive_end.has_value(); });
  EXPECT_EQ(side(0).handler.received, "an answer and more");
  EXPECT_EQ(seen, (std::vector<bool>{false, true, false, true}));
}

TEST_P(SocketNewsTest, WhatWaitsForTheEndOfAPauseIsNews) {
  Open(1);
  side(0).socket->PauseReceive();
  side(0).peer.Send("hello");
  RunWhatIsDue();
  EXPECT_TRUE(side(0).socket->HasNews());
  side(0).socket->ResumeReceive();
  RunUntil([&] { return side(0).told(); });
  EXPECT_FALSE(side(0).socket->HasNews());
}

}  // namespace
}  // namespace fairlead::event::testing
