#include "dataplane/upstream/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/upstream/upstream_test_support.h"

namespace fairlead::upstream {
namespace {

using config::AdminState;
using event::testing::Peer;
using event::testing::TestListener;
using testing::TestUser;
using testing::UpstreamTest;

class ServerTest : public UpstreamTest {
 protected:
  ServerTest() : config_(MakeServer(listener_)) {}
  ~ServerTest() override {
    if (server_ != nullptr) Run([&] { Server::Retire(std::move(server_)); });
    EXPECT_EQ(config_->counters->active_requests.load(), 0u);
  }

  Server* server() {
    if (server_ == nullptr) {
      server_ = std::make_unique<Server>(&environment_, config_.get(), &settings_, &backend_counters_, nullptr, 0);
    }
    return server_.get();
  }
  // The server in another revision. The one before lives until the worker has gone over.
  void Update(const config::Server& config) {
    auto next = base::MakeCounted<config::Server>(config);
    Run([&] { server()->Update(next.get(), &settings_); });
    config_ = std::move(next);
  }
  // A connection that waits in the pool.
  Peer MakeIdleConnection() {
    TestUser user;
    Run([&] { user.Start(server(), /*fresh=*/true); });
    Peer peer = Accept(listener_);
    Answer(peer);
    RunUntil([&] { return user.done(); });
    EXPECT_EQ(user.status, 200);
    return peer;
  }
  uint64_t connections() { return counters().connections.value(); }
  metrics::ServerWorkerCounters& counters() { return config_->counters->of_worker(0); }

  TestListener listener_;
  metrics::BackendWorkerCounters backend_counters_;
  config::BackendSettings settings_;
  base::CountedPtr<config::Server> config_;
  std::unique_ptr<Server> server_;
};
INSTANTIATE_FOR_ALL_BACKENDS(ServerTest);

TEST_P(ServerTest, ConnectsForARequestAndKeepsTheConnectionForTheNext) {
  TestUser first;
  Run([&] { first.Start(server()); });
  EXPECT_FALSE(first.connected) << "never from inside the call";
  Peer peer = Accept(listener_);
  Answer(peer);
  RunUntil([&] { return first.done(); });
  EXPECT_EQ(first.body, "ok");
  Exchange(server(), peer);
  EXPECT_EQ(connections(), 1u);
  EXPECT_EQ(counters().requests.value(), 2u);
}

TEST_P(ServerTest, CountsTheRequestsUnderWay) {
  TestUser one, two;
  Run([&] {
    one.Start(server());
    two.Start(server());
  });
  EXPECT_EQ(config_->counters->active_requests.load(), 2u);
  Run([&] { one.Abort(); });
  EXPECT_EQ(config_->counters->active_requests.load(), 1u);
  Run([&] { two.Abort(); });
}

TEST_P(ServerTest, TakesTheConnectionThatWasUsedLast) {
  Peer old_peer = MakeIdleConnection();
  Peer new_peer = MakeIdleConnection();
  Exchange(server(), new_peer);
  Exchange(server(), new_peer);
  Exchange(server(), new_peer);
}

TEST_P(ServerTest, OpensAConnectionForEachExchangeThatRunsAtTheSameTime) {
  Peer idle = MakeIdleConnection();
  TestUser one, two;
  Run([&] {
    one.Start(server());
    two.Start(server());
  });
  EXPECT_TRUE(one.reused());
  EXPECT_FALSE(two.reused());
  Answer(idle);
  Peer peer = Accept(listener_);
  Answer(peer);
  RunUntil([&] { return one.done() && two.done(); });
}

TEST_P(ServerTest, KeepsNoMoreIdleConnectionsThanAllowed) {
  settings_.max_idle_connections = 1;
  TestUser one, two;
  Run([&] {
    one.Start(server());
    two.Start(server());
  });
  Peer first = Accept(listener_), second = Accept(listener_);
  Answer(first);
  RunUntil([&] { return one.done() || two.done(); });
  Answer(second);
  RunUntilClosed(second);
  EXPECT_FALSE(first.AtEnd());
  Exchange(server(), first);
}

TEST_P(ServerTest, ClosesAConnectionThatWaitsTooLong) {
  settings_.pool_idle_timeout = std::chrono::milliseconds(20);
  Peer peer = MakeIdleConnection();
  RunUntilClosed(peer);
  TestUser user;
  Run([&] { user.Start(server()); });
  EXPECT_FALSE(user.reused());
  Run([&] { user.Abort(); });
}

TEST_P(ServerTest, ClosesAnIdleConnectionOnWhichBytesCome) {
  Peer peer = MakeIdleConnection();
  peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  RunUntilClosed(peer);
}

// What came on it is with the kernel, and this turn of the loop has not been told.
TEST_P(ServerTest, DoesNotTakeAnIdleConnectionOnWhichAnythingWaits) {
  for (bool closes : {false, true}) {
    Peer peer = MakeIdleConnection();
    if (closes) {
      peer.Close();
    } else {
      peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    }
    TestUser user;
    Run([&] { user.Start(server()); });
    EXPECT_FALSE(user.reused());
    Peer fresh = Accept(listener_);
    Answer(fresh);
    RunUntil([&] { return user.done(); });
    EXPECT_EQ(user.body, "ok");
    fresh.Close();
    RunWhatIsDue();
  }
}

TEST_P(ServerTest, ForgetsAnIdleConnectionThatTheServerCloses) {
  Peer peer = MakeIdleConnection();
  peer.ShutdownSend();
  RunUntilClosed(peer);
  TestUser user;
  Run([&] { user.Start(server()); });
  EXPECT_FALSE(user.reused());
  Run([&] { user.Abort(); });
}

TEST_P(ServerTest, ClosesBehindAResponseThatBreaksTheProtocol) {
  for (std::string_view response :
       {"HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    TestUser user;
    Run([&] { user.Start(server()); });
    Peer peer = Accept(listener_);
    Answer(peer, response);
    RunUntil([&] { return user.done(); });
    EXPECT_EQ(user.error, http::ServerError::kMalformed);
    RunUntilClosed(peer);
  }
}

TEST_P(ServerTest, ClosesAConnectionWhoseExchangeEndsEarly) {
  TestUser user;
  Run([&] { user.Start(server()); });
  Peer peer = Accept(listener_);
  RunUntil([&] { return user.connected; });
  Run([&] { user.Abort(); });
  RunUntilClosed(peer);
}

TEST_P(ServerTest, GivesUpConnectingWithItsExchange) {
  TestUser user;
  Run([&] { user.Start(server()); });
  Run([&] { user.Abort(); });
  Peer peer = Accept(listener_);
  RunUntilClosed(peer);
  EXPECT_FALSE(user.connected);
}

TEST_P(ServerTest, ClosesBehindAResponseThatCameBeforeTheRequestsEnd) {
  TestUser user("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  Run([&] { user.Start(server()); });
  Peer peer = Accept(listener_);
  Answer(peer);
  RunUntil([&] { return user.done(); });
  EXPECT_TRUE(user.ended);
  RunUntilClosed(peer);
}

TEST_P(ServerTest, TellsWhenTheConnectionIsRefused) {
  close(listener_.fd);
  TestUser user;
  Run([&] { user.Start(server()); });
  RunUntil([&] { return user.done(); });
  EXPECT_EQ(user.error, http::ServerError::kConnectFailed);
  EXPECT_EQ(counters().connect_failures.value(), 1u);
}

TEST_P(ServerTest, TellsWhenConnectingTakesTooLong) {
  ASSERT_EQ(listen(listener_.fd, 0), 0);
  settings_.connect_timeout = std::chrono::milliseconds(50);
  // The queue takes one or two; who comes later waits.
  std::vector<std::unique_ptr<TestUser>> users;
  for (int i = 0; i < 4; ++i) {
    users.push_back(std::make_unique<TestUser>());
    Run([&] { users.back()->Start(server()); });
  }
  RunUntil([&] { return users.back()->done(); });
  EXPECT_EQ(users.back()->error, http::ServerError::kConnectTimeout);
  EXPECT_GE(counters().connect_failures.value(), 1u);
  for (auto& user : users) {
    if (!user->done()) Run([&] { user->Abort(); });
  }
}

TEST_P(ServerTest, ClosesAllConnectionsForMaintenance) {
  Peer idle = MakeIdleConnection();
  Peer in_use = MakeIdleConnection();
  TestUser busy, connecting;
  Run([&] { busy.Start(server()); });
  EXPECT_TRUE(busy.reused());
  Run([&] { connecting.Start(server(), /*fresh=*/true); });

  config::Server config = *config_;
  config.admin_state = AdminState::kMaint;
  Update(config);
  EXPECT_EQ(busy.error, http::ServerError::kAbandoned);
  EXPECT_EQ(connecting.error, http::ServerError::kAbandoned);
  RunUntilClosed(idle);
  RunUntilClosed(in_use);
}

TEST_P(ServerTest, KeepsConnectionsWhileItDrains) {
  Peer peer = MakeIdleConnection();
  config::Server config = *config_;
  config.admin_state = AdminState::kDrain;
  Update(config);
  config.admin_state = AdminState::kReady;
  Update(config);
  Exchange(server(), peer);
  EXPECT_EQ(connections(), 1u);
}

TEST_P(ServerTest, UsesNoConnectionToAnAddressThatItNoLongerHas) {
  Peer idle = MakeIdleConnection();
  Peer in_use = MakeIdleConnection();
  TestUser busy, connecting;
  Run([&] { busy.Start(server()); });
  Run([&] { connecting.Start(server(), /*fresh=*/true); });

  const TestListener elsewhere;
  config::Server config = *config_;
  config.address = MakeServer(elsewhere)->address;
  Update(config);
  RunUntilClosed(idle);
  EXPECT_EQ(connecting.error, http::ServerError::kAbandoned);
  // What has begun ends, where it began.
  Answer(in_use);
  RunUntil([&] { return busy.done(); });
  EXPECT_EQ(busy.body, "ok");
  RunUntilClosed(in_use);

  TestUser next;
  Run([&] { next.Start(server()); });
  EXPECT_FALSE(next.reused());
  Peer peer = Accept(elsewhere);
  Answer(peer);
  RunUntil([&] { return next.done(); });
}

TEST_P(ServerTest, ClosesForMaintenanceWhatItHasAtAnEarlierAddress) {
  Peer peer = MakeIdleConnection();
  TestUser busy;
  Run([&] { busy.Start(server()); });
  const TestListener elsewhere;
  config::Server config = *config_;
  config.address = MakeServer(elsewhere)->address;
  Update(config);
  EXPECT_FALSE(busy.done());
  config.admin_state = AdminState::kMaint;
  Update(config);
  EXPECT_EQ(busy.error, http::ServerError::kAbandoned);
  RunUntilClosed(peer);
}

TEST_P(ServerTest, LivesOnForTheExchangesThatItHasWhenItIsRemoved) {
  Peer idle = MakeIdleConnection();
  Peer in_use = MakeIdleConnection();
  TestUser busy, connecting;
  Run([&] { busy.Start(server()); });
  Run([&] { connecting.Start(server(), /*fresh=*/true); });

  Run([&] { Server::Retire(std::move(server_)); });
  EXPECT_EQ(connecting.error, http::ServerError::kAbandoned);
  EXPECT_FALSE(busy.done());
  RunUntilClosed(idle);
  Answer(in_use);
  RunUntil([&] { return busy.done(); });
  EXPECT_EQ(busy.body, "ok");
  RunUntilClosed(in_use);
}

TEST_P(ServerTest, GoesWithItsLastExchangeEvenIfThatFails) {
  Peer peer = MakeIdleConnection();
  TestUser user;
  Run([&] { user.Start(server()); });
  Run([&] { Server::Retire(std::move(server_)); });
  peer.Reset();
  RunUntil([&] { return user.done(); });
  EXPECT_EQ(user.error, http::ServerError::kClosedBeforeResponse);
}

TEST_P(ServerTest, HoldsNoBuffersForIdleConnections) {
  Peer warm = MakeIdleConnection();
  NoteBlocksOfAnIdleLoop();
  std::vector<Peer> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(MakeIdleConnection());
  EXPECT_EQ(BlocksHeld(), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
