// What becomes of a client's connection to a TCP listener.
#include "dataplane/proxy/tcp_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "dataplane/proxy/proxy_test_support.h"

namespace fairlead::proxy {
namespace {

using testing::Origin;
using testing::Peer;
using testing::ProxyTest;

// Its queue is full: it takes no connection, and refuses none.
struct FullOrigin : Origin {
  FullOrigin() {
    EXPECT_EQ(listen(listener.fd, 0), 0);
    for (Peer& peer : waiting) {
      peer = Peer(event::testing::NonBlockingTcpSocket());
      connect(peer.fd(), listener.addr(), listener.length);
    }
  }
  Peer waiting[3];
};

class TcpConnectionTest : public ProxyTest {
 protected:
  TcpConnectionTest() {
    listener_.tcp = config::TcpSettings{.backend = config_.backend_slot("web"), .backend_id = "web"};
  }
  metrics::ServerCounters& server(const std::string& id = "s1") { return *config_.server("web", id).counters; }
  void SetAdminState(const std::string& id, const net::Address& address, config::AdminState state) {
    config_.SetServer("web", id, address, [&](config::Server* server) { server->admin_state = state; });
    Publish();
  }
  // An address that refuses connections.
  static net::Address Refusing() {
    Origin origin;
    close(origin.listener.fd);
    return origin.address;
  }
  void ExpectJoined(Peer& client, Peer& origin) {
    client.Send("question");
    EXPECT_EQ(Read(origin, 8), "question");
    origin.Send("answer");
    EXPECT_EQ(Read(client, 6), "answer");
  }
};
INSTANTIATE_FOR_ALL_BACKENDS(TcpConnectionTest);

TEST_P(TcpConnectionTest, JoinsAClientWithAServer) {
  Peer client = Connect();
  Peer server_end = Accept();
  ExpectJoined(client, server_end);
  EXPECT_EQ(server().active_requests.load(), 1u);
  EXPECT_EQ(server().of_worker(0).connections.value(), 1u);
  EXPECT_EQ(counters_.connections_open.value(), 1u);
  client.Close();
  EXPECT_EQ(ReadToEnd(server_end), "");
  server_end.Close();
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  EXPECT_EQ(server().active_requests.load(), 0u);
  EXPECT_EQ(listener_.own_counters->bytes_received.value(), 8u);
  EXPECT_EQ(listener_.own_counters->bytes_sent.value(), 6u);
  EXPECT_EQ(server().of_worker(0).bytes_sent.value(), 8u);
  EXPECT_EQ(server().of_worker(0).bytes_received.value(), 6u);
}

// By which a worker knows that it has traffic (HandshakeHelpers).
TEST_P(TcpConnectionTest, CountsWhatItReceivesFromBothSides) {
  Peer client = Connect();
  Peer server_end = Accept();
  EXPECT_EQ(environment_.relayed, 0u);
  server_end.Send("welcome");
  EXPECT_EQ(Read(client, 7), "welcome");
  EXPECT_EQ(environment_.relayed, 1u);
  client.Send("thanks");
  EXPECT_EQ(Read(server_end, 6), "thanks");
  EXPECT_EQ(environment_.relayed, 2u);
}

TEST_P(TcpConnectionTest, AServerThatSpeaksFirstIsHeard) {
  Peer client = Connect();
  Accept().Send("220 ready\r\n");
  EXPECT_EQ(ReadToEnd(client), "220 ready\r\n");
}

TEST_P(TcpConnectionTest, TriesAnotherServerWhereOneRefuses) {
  config_.SetServer("web", "s0", Refusing());
  Publish();
  for (int i = 0; i < 4; ++i) {
    Peer client = Connect();
    Peer server_end = Accept();
    ExpectJoined(client, server_end);
  }
  EXPECT_GT(counters_.retries.value(), 0u);
  EXPECT_EQ(server("s0").of_worker(0).connect_failures.value(), counters_.retries.value());
  EXPECT_EQ(counters_.upstream_failures.value(), 0u);
}

TEST_P(TcpConnectionTest, ResetsTheClientAfterThreeServersThatRefuse) {
  config_.SetServer("web", "s1", Refusing());
  Publish();
  Peer client = Connect();
  client.Send("early");
  EXPECT_TRUE(IsReset(client));
  EXPECT_EQ(server().of_worker(0).connect_failures.value(), 3u);
  EXPECT_EQ(counters_.upstream_failures.value(), 1u);
}

TEST_P(TcpConnectionTest, ResetsTheClientWithoutAnEligibleServer) {
  SetAdminState("s1", origin_.address, config::AdminState::kDrain);
  Peer client = Connect();
  EXPECT_TRUE(IsReset(client));
  EXPECT_EQ(counters_.no_eligible_server.value(), 1u);
}

TEST_P(TcpConnectionTest, BalancesConnections) {
  Origin other;
  config_.SetServer("web", "s2", other.address);
  Publish();
  Peer clients[] = {Connect(), Connect(), Connect(), Connect()};
  Peer servers[] = {Accept(origin_), Accept(other), Accept(origin_), Accept(other)};
  EXPECT_EQ(server("s1").active_requests.load(), 2u);
  EXPECT_EQ(server("s2").active_requests.load(), 2u);
}

TEST_P(TcpConnectionTest, ConnectionsOutliveADrainAndTheServersRemoval) {
  Origin other;
  config_.SetServer("web", "s2", other.address);
  SetAdminState("s2", other.address, config::AdminState::kMaint);
  Peer client = Connect();
  Peer server_end = Accept();
  SetAdminState("s1", origin_.address, config::AdminState::kDrain);
  ExpectJoined(client, server_end);
  config_.RemoveServer("web", "s1");
  Publish();
  ExpectJoined(client, server_end);
  // Though none of the revisions that knew the server is left.
  EXPECT_EQ(SnapshotsHeld(), 1u);
  client.Close();
  EXPECT_EQ(ReadToEnd(server_end), "");
}

TEST_P(TcpConnectionTest, MaintEndsConnections) {
  Peer client = Connect();
  Peer server_end = Accept();
  ExpectJoined(client, server_end);
  SetAdminState("s1", origin_.address, config::AdminState::kMaint);
  EXPECT_TRUE(IsReset(client));
  EXPECT_TRUE(IsReset(server_end));
  EXPECT_EQ(server().active_requests.load(), 0u);
}

TEST_P(TcpConnectionTest, AClientThatLeavesWhileTheServerIsConnectedIsForgotten) {
  const FullOrigin full;
  config_.SetServer("web", "s1", full.address);
  Publish();
  Peer client = Connect();
  RunWhatIsDue();
  EXPECT_EQ(server().active_requests.load(), 1u);
  client.Reset();
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  EXPECT_EQ(server().active_requests.load(), 0u);
}

TEST_P(TcpConnectionTest, GoesElsewhereWhenTheServerLeavesWhileItConnects) {
  const FullOrigin full;
  config_.SetServer("web", "s1", full.address);
  Publish();
  Peer client = Connect();
  client.Send("question");
  RunWhatIsDue();
  config_.RemoveServer("web", "s1");
  config_.SetServer("web", "s2", origin_.address);
  Publish();
  Peer server_end = Accept();
  EXPECT_EQ(Read(server_end, 8), "question");
}

TEST_P(TcpConnectionTest, ConnectingHasItsTime) {
  const FullOrigin full;
  config_.SetServer("web", "s1", full.address);
  config_.SetBackend(
      "web", [](config::BackendSettings* settings) { settings->connect_timeout = std::chrono::milliseconds(20); });
  Publish();
  Peer client = Connect();
  EXPECT_TRUE(IsReset(client));
  EXPECT_EQ(server().of_worker(0).connect_failures.value(), 3u);
}

TEST_P(TcpConnectionTest, EndsWhenNothingIsSaidForLong) {
  listener_.tcp->idle_timeout = std::chrono::milliseconds(50);
  Peer client = Connect();
  Peer server_end = Accept();
  for (int i = 0; i < 5; ++i) ExpectJoined(client, server_end);
  EXPECT_EQ(ReadToEnd(client), "");
  EXPECT_EQ(ReadToEnd(server_end), "");
  EXPECT_EQ(counters_.idle_timeouts.value(), 1u);
}

TEST_P(TcpConnectionTest, IsResetWhereItsListenersBackendHasGone) {
  config_.SetRoutes("routes", {});
  config_.RemoveBackend("web");
  Publish();
  Peer client = Connect();
  EXPECT_TRUE(IsReset(client));
}

}  // namespace
}  // namespace fairlead::proxy
