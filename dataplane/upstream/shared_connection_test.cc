#include "dataplane/upstream/shared_connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/net/address.h"
#include "dataplane/upstream/server.h"
#include "dataplane/upstream/upstream_test_support.h"

namespace fairlead::upstream {
namespace {

using config::AdminState;
using event::testing::Peer;
using event::testing::TestListener;
using testing::TestUser;
using testing::UpstreamTest;

constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
// GOAWAY, NO_ERROR, of the streams above 1.
constexpr std::string_view kGoaway("\0\0\x08\7\0\0\0\0\0\0\0\0\1\0\0\0\0", 17);

// HEADERS with ":status: 200" that end the stream (RFC 7541's table has it as 8).
std::string Ok(int stream) { return std::string("\0\0\1\1\5\0\0\0", 8) + static_cast<char>(stream) + "\x88"; }

// How often a frame of this kind begins in `bytes`, which are whole frames behind the preface.
int CountFrames(std::string_view bytes, char kind) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (bytes.starts_with(kPreface)) bytes.remove_prefix(kPreface.size());
  int count = 0;
  while (bytes.size() >= 9) {
    const size_t size =
        static_cast<uint8_t>(bytes[0]) << 16 | static_cast<uint8_t>(bytes[1]) << 8 | static_cast<uint8_t>(bytes[2]);
    if (bytes[3] == kind) ++count;
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
  return count;
}
constexpr char kHeaders = 1;
constexpr char kResets = 3;
constexpr char kGoaways = 7;

class SharedConnectionTest : public UpstreamTest {
 protected:
  SharedConnectionTest() : config_(MakeServer(listener_)) {
    settings_.protocol = config::BackendProtocol::kHttp2;
    settings_.http2.max_concurrent_streams = 3;
  }
  ~SharedConnectionTest() override {
    if (server_ != nullptr) Run([&] { Server::Retire(std::move(server_)); });
    EXPECT_EQ(config_->counters->active_requests.load(), 0u);
    EXPECT_EQ(config_->counters->open_connections.load(), 0u);
    EXPECT_EQ(counters_.upstream_http2_connections.value(), 0u);
  }

  Server* server() {
    if (server_ == nullptr) {
      server_ = std::make_unique<Server>(&environment_, config_.get(), &settings_, &backend_counters_, nullptr, 0);
    }
    return server_.get();
  }
  void Start(TestUser* user, bool fresh = false) {
    Run([&] { user->Start(server(), fresh); });
  }
  void Update(const config::Server& config) {
    auto next = base::MakeCounted<config::Server>(config);
    Run([&] { server()->Update(next.get(), &settings_); });
    config_ = std::move(next);
  }
  // Until so many requests have come; all that came.
  void AwaitRequests(Peer& peer, int count) {
    RunUntil([&] {
      received_ += peer.Receive();
      return CountFrames(received_, kHeaders) >= count;
    });
  }
  void Await(TestUser& user) {
    RunUntil([&] { return user.done(); });
  }
  // A connection that stands, and nobody uses.
  Peer MakeIdleConnection() {
    TestUser user;
    Start(&user);
    Peer peer = Accept(listener_);
    peer.Send(kSettings);
    AwaitRequests(peer, 1);
    peer.Send(Ok(1));
    Await(user);
    EXPECT_EQ(user.status, 200);
    return peer;
  }
  uint64_t connections() { return config_->counters->of_worker(0).connections.value(); }

  TestListener listener_;
  metrics::BackendWorkerCounters backend_counters_;
  config::BackendSettings settings_;
  base::CountedPtr<config::Server> config_;
  std::unique_ptr<Server> server_;
  std::string received_;
};
INSTANTIATE_FOR_ALL_BACKENDS(SharedConnectionTest);

TEST_P(SharedConnectionTest, RequestsWaitTogetherForTheOneThatIsMade) {
  TestUser first, second, third, fourth;
  for (TestUser* user : {&first, &second, &third, &fourth}) Start(user);
  EXPECT_FALSE(first.connected) << "never from inside the call";
  Peer peer = Accept(listener_), other = Accept(listener_);
  AwaitRequests(peer, 1);
  EXPECT_EQ(connections(), 2u) << "three streams are what a connection takes";
  EXPECT_FALSE(second.connected || third.connected) << "the server may allow but one";
  peer.Send(kSettings);
  AwaitRequests(peer, 3);
  peer.Send(Ok(3) + Ok(1) + Ok(5));
  received_.clear();
  AwaitRequests(other, 1);
  other.Send(std::string(kSettings) + Ok(1));
  for (TestUser* user : {&first, &second, &third, &fourth}) {
    Await(*user);
    EXPECT_EQ(user->status, 200);
    EXPECT_FALSE(user->reused());
  }
}

TEST_P(SharedConnectionTest, IsUsedAgainAsLongAsItIsKept) {
  settings_.pool_idle_timeout = std::chrono::milliseconds(50);
  Peer peer = MakeIdleConnection();
  TestUser user;
  Start(&user);
  EXPECT_TRUE(user.reused());
  AwaitRequests(peer, 2);
  peer.Send(Ok(3));
  Await(user);
  EXPECT_EQ(connections(), 1u);
  RunUntil([&] {
    received_ += peer.Receive();
    return peer.AtEnd();
  });
  EXPECT_EQ(CountFrames(received_, kGoaways), 1) << "it says farewell";
}

TEST_P(SharedConnectionTest, AFreshOneIsMadeForWhoMustHaveIt) {
  Peer idle = MakeIdleConnection();
  TestUser user;
  Start(&user, /*fresh=*/true);
  EXPECT_FALSE(user.reused());
  Peer peer = Accept(listener_);
  received_.clear();
  AwaitRequests(peer, 1);
  Run([&] { user.Abort(); });
  RunUntil([&] {
    received_ += peer.Receive();
    return CountFrames(received_, kResets) == 1;
  });
}

TEST_P(SharedConnectionTest, IsNotMadeForNobody) {
  TestUser user;
  Start(&user);
  Run([&] { user.Abort(); });
  RunUntil([&] { return config_->counters->open_connections.load() == 0; });
}

TEST_P(SharedConnectionTest, TakesNoMoreOnceTheServerHasSaidGoaway) {
  TestUser taken, refused, other;
  Start(&taken);
  Start(&refused);
  Peer peer = Accept(listener_);
  peer.Send(kSettings);
  AwaitRequests(peer, 2);
  peer.Send(kGoaway);
  Await(refused);
  EXPECT_EQ(refused.error, http::ServerError::kNotProcessed);
  Start(&other);
  EXPECT_FALSE(other.reused());
  Peer next = Accept(listener_);
  peer.Send(Ok(1));
  Await(taken);
  EXPECT_EQ(taken.status, 200);
  RunUntilClosed(peer);
  Run([&] { other.Abort(); });
}

TEST_P(SharedConnectionTest, SendsOnToOthersWhatIsMoreThanTheServerAllows) {
  TestUser first, second, third;
  for (TestUser* user : {&first, &second, &third}) Start(user);
  Peer peer = Accept(listener_);
  AwaitRequests(peer, 1);
  peer.Send(std::string_view("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\2", 15));  // MAX_CONCURRENT_STREAMS 2
  Await(third);
  EXPECT_EQ(third.error, http::ServerError::kNotProcessed);
  EXPECT_FALSE(third.connected);
  AwaitRequests(peer, 2);
  // The next connection begins with as many.
  TestUser fourth, fifth;
  Start(&fourth);
  Start(&fifth);
  Peer other = Accept(listener_);
  received_.clear();
  AwaitRequests(other, 2);
  peer.Send(Ok(1) + Ok(3));
  other.Send(std::string(kSettings) + Ok(1) + Ok(3));
  for (TestUser* user : {&first, &second, &fourth, &fifth}) {
    Await(*user);
    EXPECT_EQ(user->status, 200);
  }
}

TEST_P(SharedConnectionTest, AfterARefusalThereIsNoRoomUntilAnotherStreamEnds) {
  Peer peer = MakeIdleConnection();
  TestUser staying, refused, next, last;
  Start(&staying);
  Start(&refused);
  AwaitRequests(peer, 3);
  peer.Send(std::string_view("\0\0\4\3\0\0\0\0\5\0\0\0\7", 13));  // RST_STREAM of 5: REFUSED_STREAM
  Await(refused);
  EXPECT_EQ(refused.error, http::ServerError::kNotProcessed);
  Start(&next);
  EXPECT_FALSE(next.reused());
  peer.Send(Ok(3));
  Await(staying);
  Start(&last);
  EXPECT_TRUE(last.reused());
  for (TestUser* user : {&next, &last}) Run([&] { user->Abort(); });
}

TEST_P(SharedConnectionTest, WhoWaitsForSettingsDoesNotWaitForEver) {
  settings_.connect_timeout = std::chrono::milliseconds(50);
  TestUser first, second;
  Start(&first);
  Start(&second);
  Peer peer = Accept(listener_);
  AwaitRequests(peer, 1);
  Await(second);
  EXPECT_EQ(second.error, http::ServerError::kConnectTimeout);
  EXPECT_FALSE(first.done()) << "it was begun, and may be answered";
  peer.Send(std::string(kSettings) + Ok(1));
  Await(first);
  EXPECT_EQ(first.status, 200);
}

TEST_P(SharedConnectionTest, WhoWasRemovedFinishesWhatItHas) {
  TestUser user;
  Start(&user);
  Peer peer = Accept(listener_);
  AwaitRequests(peer, 1);
  Run([&] { Server::Retire(std::move(server_)); });
  EXPECT_FALSE(user.done());
  peer.Send(std::string(kSettings) + Ok(1));
  Await(user);
  EXPECT_EQ(user.status, 200);
  RunUntilClosed(peer);
}

TEST_P(SharedConnectionTest, RemovalSendsElsewhereWhoStillConnects) {
  TestUser first, second;
  Start(&first);
  Start(&second);
  Run([&] { Server::Retire(std::move(server_)); });
  EXPECT_EQ(first.error, http::ServerError::kAbandoned);
  EXPECT_EQ(second.error, http::ServerError::kAbandoned);
}

TEST_P(SharedConnectionTest, MaintEndsAll) {
  TestUser user;
  Start(&user);
  Peer peer = Accept(listener_);
  AwaitRequests(peer, 1);
  config::Server maint = *config_;
  maint.admin_state = AdminState::kMaint;
  Update(maint);
  EXPECT_EQ(user.error, http::ServerError::kAbandoned);
  RunUntilClosed(peer);
}

TEST_P(SharedConnectionTest, OneThatSpeaksOtherwiseThanIsSaidNowIsLeft) {
  Peer idle = MakeIdleConnection();
  config::BackendSettings http1;
  Run([&] { server()->Update(config_.get(), &http1); });
  RunUntilClosed(idle);
  TestUser user;
  Start(&user);
  Peer peer = Accept(listener_);
  Answer(peer);
  Await(user);
  EXPECT_EQ(user.body, "ok");
  Run([&] { server()->Update(config_.get(), &settings_); });
  RunUntilClosed(peer);
}

TEST_P(SharedConnectionTest, AnIdleOneMakesRoomForAnother) {
  config::Server limited = *config_;
  limited.SetLimits(1, config::kNoLimit);
  Update(limited);
  Peer idle = MakeIdleConnection();
  EXPECT_TRUE(server()->HasRoom());
  TestUser fresh;
  Start(&fresh, /*fresh=*/true);
  RunUntilClosed(idle);
  Peer peer = Accept(listener_);
  received_.clear();
  AwaitRequests(peer, 1);
  TestUser shares;
  Start(&shares);
  AwaitRequests(peer, 2);
  EXPECT_EQ(config_->counters->open_connections.load(), 1u);
  peer.Send(std::string(kSettings) + Ok(1) + Ok(3));
  Await(fresh);
  Await(shares);
}

TEST_P(SharedConnectionTest, FailsAllWhoWaitWhereNoServerIs) {
  auto nowhere = base::MakeCounted<config::Server>(*config_);
  nowhere->address = *net::Address::Parse("unix:/nowhere/at/all");
  config_ = std::move(nowhere);
  TestUser first, second;
  Start(&first);
  Start(&second);
  Await(first);
  Await(second);
  EXPECT_EQ(first.error, http::ServerError::kConnectFailed);
  EXPECT_EQ(second.error, http::ServerError::kConnectFailed);
  EXPECT_EQ(connections(), 1u);
}

}  // namespace
}  // namespace fairlead::upstream
