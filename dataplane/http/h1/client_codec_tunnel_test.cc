#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "dataplane/http/h1/client_codec.h"
#include "dataplane/http/h1/test_server.h"

// Tunnels toward a server (RFC 9110 §7.8 and §9.3.6).
namespace fairlead::http::h1 {
namespace {

constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
constexpr std::string_view kChunkedPost = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kConnect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

TEST(ClientCodecTunnel, CarriesBytesBothWays) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler, kGet, "websocket");
  EXPECT_EQ(server.sent, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  server.sent.clear();
  server.Receive(std::string(kSwitching) + "first");
  EXPECT_EQ(handler.status, 101);
  EXPECT_EQ(handler.head.framing, BodyFraming::kTunnel);
  server.SendData("0\r\n\r\n");
  EXPECT_EQ(server.sent, "0\r\n\r\n");
  server.Receive("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(handler.body, "firstHTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(server.codec.in_tunnel());
  EXPECT_FALSE(server.codec.reusable());
}

TEST(ClientCodecTunnel, PausesAndGoesOn) {
  TestServer server;
  TestHandler handler;
  handler.pause_on_head = true;
  server.Begin(&handler, kGet, "websocket");
  server.Receive(std::string(kSwitching) + "first");
  EXPECT_EQ(handler.body, "");
  EXPECT_FALSE(server.receiving);
  server.Resume();
  EXPECT_EQ(handler.body, "first");
  EXPECT_TRUE(server.receiving);
}

TEST(ClientCodecTunnel, EndsItsDirectionsOnTheirOwn) {
  for (const bool server_first : {false, true}) {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler, kGet, "websocket");
    server.Receive(kSwitching);
    EXPECT_FALSE(server.shut_down);
    if (server_first) server.codec.ReceiveEnd(0);
    EXPECT_EQ(handler.ended, server_first);
    EXPECT_EQ(server.codec.tunnel_ended_by_server(), server_first);
    EXPECT_FALSE(server.codec.tunnel_ended());
    server.SendData("x");
    server.SendEnd();
    EXPECT_TRUE(server.shut_down);
    if (!server_first) server.codec.ReceiveEnd(0);
    EXPECT_TRUE(handler.ended);
    EXPECT_TRUE(server.codec.tunnel_ended());
    EXPECT_FALSE(handler.error.has_value());
  }
}

TEST(ClientCodecTunnel, FailsWhenTheServerBreaksItOff) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler, kGet, "websocket");
  server.Receive(kSwitching);
  server.codec.ReceiveEnd(ECONNRESET);
  EXPECT_EQ(handler.error, ServerError::kTruncated);
}

TEST(ClientCodecTunnel, StandsForNothingButWhatWasAskedFor) {
  struct Case {
    std::string_view request, upgrade, response;
  };
  constexpr Case kCases[] = {
      {kGet, "", kSwitching},
      {kGet, "tcp", kSwitching},
      {kGet, "websocket", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"},
      {kGet, "websocket", "HTTP/1.1 101 x\r\nConnection: upgrade\r\n\r\n"},
      {kGet, "websocket", "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n"},
      {kGet, "websocket", "HTTP/1.0 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
      {kConnect, "", kSwitching},
      // Before the request's body is whole.
      {kPost, "websocket", kSwitching},
  };
  for (const Case& c : kCases) {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler, c.request, c.upgrade);
    server.Receive(c.response);
    EXPECT_EQ(handler.error, ServerError::kMalformed) << c.request << c.upgrade << c.response;
    EXPECT_EQ(handler.status, 0);
  }
}

TEST(ClientCodecTunnel, StandsBehindARequestsBody) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler, kChunkedPost, "websocket");
  server.SendData("body");
  server.SendEnd();
  server.sent.clear();
  server.Receive(kSwitching);
  EXPECT_EQ(handler.status, 101);
  server.SendData("tunnel");
  EXPECT_EQ(server.sent, "tunnel");
}

TEST(ClientCodecTunnel, StandsAfterConnectWithAnySuccessWhateverItAnnounces) {
  for (std::string_view response :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 299 x\r\nContent-Length: 2\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 204 x\r\n\r\n"}) {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler, kConnect);
    server.Receive(std::string(response) + "ok");
    EXPECT_EQ(handler.head.framing, BodyFraming::kTunnel) << response;
    EXPECT_EQ(handler.body, "ok") << response;
  }
}

TEST(ClientCodecTunnel, AnUpgradeOrConnectThatIsRefusedIsAnOrdinaryExchange) {
  for (std::string_view request : {kGet, kConnect}) {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler, request, request == kGet ? "websocket" : "");
    server.Receive("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_EQ(handler.body, "no");
    EXPECT_TRUE(handler.ended);
    EXPECT_TRUE(server.codec.reusable());
  }
}

}  // namespace
}  // namespace fairlead::http::h1
