#include "dataplane/proxy/websocket.h"

#include <gtest/gtest.h>

namespace fairlead::proxy {
namespace {

TEST(WebSocket, ConfirmsAKey) {
  EXPECT_EQ(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 §1.3
}

TEST(WebSocket, MakesKeysOf16Bytes) {
  load_balancing::Random random(1);
  const std::string key = MakeWebSocketKey(random);
  EXPECT_EQ(key.size(), 24u);
  EXPECT_TRUE(key.ends_with("=="));
  EXPECT_NE(key, MakeWebSocketKey(random));
}

TEST(WebSocket, IsOneProtocolInAnyCase) {
  EXPECT_TRUE(IsWebSocket("WebSocket"));
  EXPECT_FALSE(IsWebSocket("websockets"));
  EXPECT_FALSE(IsWebSocket(""));
}

}  // namespace
}  // namespace fairlead::proxy
