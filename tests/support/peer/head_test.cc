#include "tests/support/peer/head.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::peer {
namespace {

using testing::HasSubstr;

std::string Refusal(std::string_view raw) { return std::string(ParseRequestHead(std::string(raw)).status().message()); }

TEST(RequestHead, HasItsPartsAndItsFraming) {
  auto head = ParseRequestHead("PUT /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n");
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->method, "PUT");
  EXPECT_EQ(head->target, "/a?b");
  EXPECT_EQ(head->framing.kind, Framing::Kind::kLength);
  EXPECT_EQ(head->framing.length, 12u);
  EXPECT_TRUE(head->keep_alive);
}

TEST(RequestHead, Of10KeepsTheConnectionOnlyWhenItSaysSo) {
  EXPECT_FALSE(ParseRequestHead("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  EXPECT_TRUE(ParseRequestHead("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n")->keep_alive);
}

TEST(RequestHead, WithoutOneHostIsRefused) {
  EXPECT_THAT(Refusal("GET / HTTP/1.1\r\n\r\n"), HasSubstr("Host"));
  EXPECT_THAT(Refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), HasSubstr("Host"));
}

TEST(RequestHead, WithBadBytesIsRefused) {
  EXPECT_THAT(Refusal("GET / HTTP/1.1\r\nHost: a\r\nx: a\rb\r\n\r\n"), HasSubstr("control"));
  EXPECT_THAT(Refusal("GET / HTTP/1.1\r\nHost: a\nx: b\r\n\r\n"), HasSubstr("control"));
  EXPECT_THAT(Refusal("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"), HasSubstr("field"));
  EXPECT_THAT(Refusal("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), HasSubstr("field name"));
}

TEST(RequestHead, FramedTwiceIsRefused) {
  EXPECT_THAT(Refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"),
              HasSubstr("framed twice"));
  EXPECT_THAT(Refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
              HasSubstr("framed twice"));
  EXPECT_THAT(Refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"), HasSubstr("bad length"));
}

TEST(ResponseHead, ToHeadAndOf304HasNoBody) {
  std::string raw = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(ParseResponseHead(raw, "HEAD")->framing.kind, Framing::Kind::kNone);
  EXPECT_EQ(ParseResponseHead(raw, "GET")->framing.length, 5u);
  EXPECT_EQ(ParseResponseHead("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET")->framing.kind,
            Framing::Kind::kNone);
}

TEST(ResponseHead, WithoutFramingLastsUntilTheConnectionEnds) {
  auto head = ParseResponseHead("HTTP/1.1 200 OK\r\n\r\n", "GET");
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->framing.kind, Framing::Kind::kUntilClose);
  EXPECT_FALSE(head->keep_alive);
}

TEST(ResponseHead, WithABadStatusLineIsRefused) {
  EXPECT_FALSE(ParseResponseHead("HTTP/1.1 20 OK\r\n\r\n", "GET").ok());
  EXPECT_FALSE(ParseResponseHead("HTTP/1.1 200\r\n\r\n", "GET").ok());
  EXPECT_FALSE(ParseResponseHead("HTTP/2.0 200 OK\r\n\r\n", "GET").ok());
}

}  // namespace
}  // namespace fairlead::peer
