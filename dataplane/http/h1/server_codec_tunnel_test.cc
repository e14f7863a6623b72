#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dataplane/http/h1/server_codec.h"
#include "dataplane/http/h1/test_connection.h"

// Tunnels toward a client (RFC 9110 §7.8 and §9.3.6).
namespace fairlead::http::h1 {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view kConnect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

class ServerCodecTunnel : public ::testing::Test {
 protected:
  // A tunnel that stands.
  TestRequest& Open(std::string_view early = "") {
    connection_.Receive(std::string(kUpgrade).append(early));
    TestRequest& request = connection_.request(0);
    EXPECT_TRUE(request.head.connection_upgrade);
    connection_.Run([&] { request.SendTunnelHead(kSwitching, "websocket"); });
    EXPECT_EQ(connection_.TakeSent(), kSwitching);
    return request;
  }

  TestConnection connection_;
};

TEST_F(ServerCodecTunnel, CarriesBytesBothWays) {
  TestRequest& request = Open();
  connection_.Receive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(request.body, "GET / HTTP/1.1\r\n\r\n");
  connection_.Run([&] { request.SendData("HTTP/1.1 200 OK\r\n\r\n"); });
  EXPECT_EQ(connection_.TakeSent(), "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(connection_.requests.size(), 1u);
  EXPECT_FALSE(connection_.codec().idle());
  EXPECT_FALSE(connection_.codec().awaiting_response());
  EXPECT_EQ(request.head.Get(request.head.target), "/chat");  // still readable
}

TEST_F(ServerCodecTunnel, HoldsWhatCameBeforeItStood) {
  TestRequest& request = Open("early");
  EXPECT_EQ(request.body, "early");
  connection_.Receive(" late");
  EXPECT_EQ(request.body, "early late");
}

TEST_F(ServerCodecTunnel, HoldsNoBlockWhileNothingComes) {
  TestRequest& request = Open("early");
  EXPECT_EQ(connection_.blocks_in_use(), 0u);
  connection_.Receive("x");
  connection_.Run([&] { request.SendData("y"); });
  EXPECT_EQ(connection_.blocks_in_use(), 0u);
}

TEST_F(ServerCodecTunnel, PausesAndGoesOn) {
  TestRequest& request = Open();
  connection_.Run([&] { request.stream().PauseBody(); });
  connection_.Receive("a");
  EXPECT_EQ(request.body, "");
  EXPECT_FALSE(connection_.receiving);
  connection_.ReceiveEnd();
  EXPECT_FALSE(request.ended);
  connection_.Run([&] { request.stream().ResumeBody(); });
  EXPECT_EQ(request.body, "a");
  EXPECT_TRUE(request.ended);
}

TEST_F(ServerCodecTunnel, EndsItsDirectionsOnTheirOwnTheClientsFirst) {
  TestRequest& request = Open();
  connection_.ReceiveEnd();
  EXPECT_TRUE(request.ended);
  EXPECT_EQ(connection_.kept_after_end, true);
  connection_.Run([&] { request.SendData("more"); });
  EXPECT_EQ(connection_.TakeSent(), "more");
  EXPECT_FALSE(connection_.closing);
  connection_.Run([&] { request.SendEnd(); });
  EXPECT_TRUE(connection_.closing);
  EXPECT_FALSE(request.error.has_value());
}

TEST_F(ServerCodecTunnel, EndsItsDirectionsOnTheirOwnTheServersFirst) {
  TestRequest& request = Open();
  connection_.Run([&] { request.SendEnd(); });
  EXPECT_TRUE(connection_.shut_down);
  EXPECT_FALSE(connection_.closing);
  connection_.Receive("more");
  EXPECT_EQ(request.body, "more");
  connection_.ReceiveEnd();
  EXPECT_TRUE(request.ended);
  EXPECT_EQ(connection_.kept_after_end, false);
  EXPECT_FALSE(request.error.has_value());
}

TEST_F(ServerCodecTunnel, TellsTheEndOfAClientThatEndedBeforeItStood) {
  connection_.Receive(kUpgrade);
  connection_.ReceiveEnd();
  EXPECT_EQ(connection_.kept_after_end, true);
  TestRequest& request = connection_.request(0);
  connection_.Run([&] { request.SendTunnelHead(kSwitching, "websocket"); });
  EXPECT_TRUE(request.ended);
  EXPECT_FALSE(connection_.closing);
  connection_.Run([&] { request.SendEnd(); });
  EXPECT_TRUE(connection_.closing);
}

TEST_F(ServerCodecTunnel, TellsTheEndOfSuchAClientEvenWhereTheServerEndsAtOnce) {
  connection_.Receive(kUpgrade);
  connection_.ReceiveEnd();
  TestRequest& request = connection_.request(0);
  connection_.Run([&] {
    request.SendTunnelHead(kSwitching, "websocket");
    request.SendData("bye");
    request.SendEnd();
  });
  EXPECT_TRUE(request.ended) << "its handler would wait for the end of a connection that is no more";
  EXPECT_THAT(connection_.TakeSent(), EndsWith("bye"));
  EXPECT_TRUE(connection_.closing);
  EXPECT_FALSE(connection_.reset);
}

TEST_F(ServerCodecTunnel, IsResetWhenItIsBrokenOff) {
  TestRequest& request = Open();
  connection_.Run([&] { request.stream().Abort(); });
  EXPECT_TRUE(connection_.reset);
}

TEST_F(ServerCodecTunnel, IsClosedWhenItBreaksAfterTheServersEnd) {
  TestRequest& request = Open();
  connection_.Run([&] { request.SendEnd(); });
  connection_.Run([&] { request.stream().Abort(); });
  EXPECT_FALSE(connection_.reset);
  EXPECT_TRUE(connection_.closing);
}

TEST_F(ServerCodecTunnel, ToldOfAConnectionThatBroke) {
  TestRequest& request = Open();
  connection_.Run([&] { connection_.codec().ConnectionLost(ClientError::kDisconnected); });
  EXPECT_EQ(request.error, ClientError::kDisconnected);
}

TEST_F(ServerCodecTunnel, AnUpgradeThatIsRefusedIsAnOrdinaryRequest) {
  connection_.Receive(std::string(kUpgrade) + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  connection_.Run([&] { connection_.request(0).Respond("no"); });
  EXPECT_EQ(connection_.TakeSent(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(connection_.request(1).path, "/next");
}

TEST_F(ServerCodecTunnel, AConnectThatIsRefusedEndsTheConnection) {
  connection_.Receive(std::string(kConnect) + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  connection_.Run([&] { connection_.request(0).stream().SendError(405, "no", {}); });
  EXPECT_THAT(connection_.TakeSent(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(connection_.closing);
  EXPECT_EQ(connection_.requests.size(), 1u);
}

TEST_F(ServerCodecTunnel, AConnectThatSucceedsStands) {
  connection_.Receive(std::string(kConnect) + "early");
  TestRequest& request = connection_.request(0);
  connection_.Run([&] { request.SendTunnelHead("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"); });
  EXPECT_EQ(connection_.TakeSent(), "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(request.body, "early");
}

TEST_F(ServerCodecTunnel, UpgradeInHttp10MeansNothing) {
  connection_.Receive("GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_FALSE(connection_.request(0).head.connection_upgrade);
}

TEST_F(ServerCodecTunnel, ABodyAndConnectDoNotGoTogether) {
  connection_.Receive("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(connection_.TakeSent(), EndsWith("400 Bad Request: CONNECT with a body\n"));
  EXPECT_TRUE(connection_.closing);
}

}  // namespace
}  // namespace fairlead::http::h1
