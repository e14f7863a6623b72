#include "dataplane/http/h1/upgrade.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/response_parser.h"

namespace fairlead::http::h1 {
namespace {

constexpr HeadLimits kLimits;

std::string Found(const std::string& lines, const std::vector<std::string>& allowed) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
  RequestParser parser(&kLimits);
  RequestHead head;
  EXPECT_EQ(parser.Parse(bytes, &head).outcome, ParseResult::Outcome::kDone);
  return std::string(FindUpgrade(head.fields, allowed));
}

bool Confirms(const std::string& lines, std::string_view protocol) {
  const std::string bytes = "HTTP/1.1 101 Switching Protocols\r\n" + lines + "\r\n";
  ResponseParser parser(&kLimits);
  ResponseHead head;
  EXPECT_EQ(parser.Parse(bytes, Method::kGet, &head).outcome, ParseResult::Outcome::kDone);
  return ConfirmsUpgrade(head, protocol);
}

TEST(Upgrade, IsTheFirstOfTheClientsThatIsAllowed) {
  EXPECT_EQ(Found("Upgrade: websocket\r\n", {"websocket"}), "websocket");
  EXPECT_EQ(Found("Upgrade: WebSocket\r\n", {"websocket"}), "WebSocket");
  EXPECT_EQ(Found("Upgrade: h2c, websocket ,tcp\r\n", {"tcp", "websocket"}), "websocket");
  EXPECT_EQ(Found("Upgrade: ,\r\nUpgrade: a\r\nUpgrade: tcp\r\n", {"tcp"}), "tcp");
  EXPECT_EQ(Found("Upgrade: websocket/13\r\n", {"websocket"}), "");
  EXPECT_EQ(Found("Upgrade: websockets, websocke\r\n", {"websocket"}), "");
  EXPECT_EQ(Found("Upgrade: websocket\r\n", {}), "");
  EXPECT_EQ(Found("", {"websocket"}), "");
  EXPECT_EQ(Found("Upgrade: \r\n", {"websocket"}), "");
}

TEST(Upgrade, IsConfirmedByItsOwnNameAlone) {
  EXPECT_TRUE(Confirms("Connection: upgrade\r\nUpgrade: websocket\r\n", "WebSocket"));
  EXPECT_TRUE(Confirms("Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n", "websocket"));
  EXPECT_FALSE(Confirms("Upgrade: websocket\r\n", "websocket"));
  EXPECT_FALSE(Confirms("Connection: upgrade\r\n", "websocket"));
  EXPECT_FALSE(Confirms("Connection: upgrade\r\nUpgrade: h2c\r\n", "websocket"));
  EXPECT_FALSE(Confirms("Connection: upgrade\r\nUpgrade: websocket, h2c\r\n", "websocket"));
  EXPECT_FALSE(Confirms("Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n", "websocket"));
}

}  // namespace
}  // namespace fairlead::http::h1
