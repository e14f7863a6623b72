// Servers that break the protocol: what they say harms the stream that they say it on, or the connection, and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dataplane/http/h2/client_codec.h"
#include "dataplane/http/h2/test_server.h"

namespace fairlead::http::h2 {
namespace {

using ::testing::HasSubstr;

// HPACK: literals without indexing, with new names of less than 127 bytes (RFC 7541 §6.2.2).
std::string Block(const TestServer::Fields& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
  }
  return block;
}

constexpr uint8_t kEndHeaders = NGHTTP2_FLAG_END_HEADERS;
constexpr uint8_t kEndStream = NGHTTP2_FLAG_END_STREAM;

std::string Head(const TestServer::Fields& fields, uint8_t flags = 0) {
  return Frame(NGHTTP2_HEADERS, kEndHeaders | flags, 1, Block(fields));
}
std::string Data(std::string_view bytes, uint8_t flags = 0) { return Frame(NGHTTP2_DATA, flags, 1, bytes); }

struct Hostile {
  const char* what;
  std::string bytes;  // on stream 1
};

// Two requests are under way; the first is answered with `bytes`.
class HostileServer {
 public:
  explicit HostileServer(std::string_view bytes, std::string_view method = "GET") {
    server.Begin(&victim, method);
    server.Begin(&other);
    server.Pump();
    server.Receive(bytes);
    server.PumpToServer();
  }

  TestServer server;
  TestExchange victim, other;
};

TEST(Http2ClientCodecHostile, MalformedResponsesFailTheirStreamAlone) {
  const std::vector<Hostile> cases = {
      {"no :status", Head({{"x", "1"}}, kEndStream)},
      {"two of them", Head({{":status", "200"}, {":status", "200"}}, kEndStream)},
      {"a :status that is no number", Head({{":status", "2x0"}}, kEndStream)},
      {"a :status of four digits", Head({{":status", "2000"}}, kEndStream)},
      {"101", Head({{":status", "101"}})},
      {"a request's pseudo-header field", Head({{":status", "200"}, {":path", "/"}}, kEndStream)},
      {"a pseudo-header field behind others", Head({{"x", "1"}, {":status", "200"}}, kEndStream)},
      {"capitals", Head({{":status", "200"}, {"X-A", "1"}}, kEndStream)},
      {"an empty name", Head({{":status", "200"}, {"", "1"}}, kEndStream)},
      {"CR in a value", Head({{":status", "200"}, {"x", "a\rb"}}, kEndStream)},
      {"LF in a value", Head({{":status", "200"}, {"x", "a\nb: c"}}, kEndStream)},
      {"NUL in a value", Head({{":status", "200"}, {"x", std::string("a\0b", 3)}}, kEndStream)},
      {"white space around a value", Head({{":status", "200"}, {"x", " a"}}, kEndStream)},
      {"Connection", Head({{":status", "200"}, {"connection", "close"}}, kEndStream)},
      {"Transfer-Encoding", Head({{":status", "200"}, {"transfer-encoding", "chunked"}}, kEndStream)},
      {"Upgrade", Head({{":status", "200"}, {"upgrade", "h2c"}}, kEndStream)},
      {"Content-Length twice", Head({{":status", "200"}, {"content-length", "1"}, {"content-length", "1"}})},
      {"a Content-Length that is none", Head({{":status", "200"}, {"content-length", "-1"}})},
      {"a body that is announced, and not there", Head({{":status", "200"}, {"content-length", "1"}}, kEndStream)},
      {"1xx that ends the stream", Head({{":status", "103"}}, kEndStream)},
      {"DATA after 1xx", Head({{":status", "103"}}) + Data("x")},
  };
  for (const Hostile& hostile : cases) {
    HostileServer test(hostile.bytes);
    EXPECT_EQ(test.victim.error, ServerError::kMalformed) << hostile.what;
    EXPECT_EQ(test.victim.status, 0) << hostile.what;
    EXPECT_EQ(test.server.request(1).reset, NGHTTP2_PROTOCOL_ERROR) << hostile.what;
    EXPECT_FALSE(test.server.codec.broken()) << hostile.what;
    test.server.Respond(3, {{":status", "200"}}, "fine");
    test.server.Pump();
    EXPECT_EQ(test.other.body, "fine") << hostile.what;
    EXPECT_TRUE(test.other.ended) << hostile.what;
  }
}

TEST(Http2ClientCodecHostile, BodiesThatAreNotAsAnnouncedFailTheirStreamAlone) {
  const std::string announced = Head({{":status", "200"}, {"content-length", "3"}});
  const std::vector<Hostile> cases = {
      {"longer", announced + Data("abcd", kEndStream)},
      {"longer, later", announced + Data("abc") + Data("d")},
      {"shorter", announced + Data("ab", kEndStream)},
      {"empty", announced + Data("", kEndStream)},
      {"shorter, with trailers", announced + Data("ab") + Head({{"x", "1"}}, kEndStream)},
      {"a body to 204", Head({{":status", "204"}}) + Data("x", kEndStream)},
      {"trailers that do not end the stream", announced + Data("abc") + Head({{"x", "1"}})},
      {"trailers with a pseudo-header field", announced + Data("abc") + Head({{":status", "200"}}, kEndStream)},
      {"trailers that may be none", announced + Data("abc") + Head({{"content-length", "1"}}, kEndStream)},
  };
  for (const Hostile& hostile : cases) {
    HostileServer test(hostile.bytes);
    EXPECT_GT(test.victim.status, 0) << hostile.what;
    EXPECT_EQ(test.victim.error, ServerError::kMalformed) << hostile.what;
    EXPECT_FALSE(test.victim.ended) << hostile.what;
    EXPECT_LE(test.victim.body.size(), 3u) << hostile.what;
    EXPECT_EQ(test.server.request(1).reset, NGHTTP2_PROTOCOL_ERROR) << hostile.what;
    test.server.Respond(3, {{":status", "200"}}, "fine");
    test.server.Pump();
    EXPECT_TRUE(test.other.ended) << hostile.what;
  }
}

TEST(Http2ClientCodecHostile, ABodyToHeadFailsItsStreamAlone) {
  HostileServer test(Head({{":status", "200"}, {"content-length", "3"}}) + Data("abc", kEndStream), "HEAD");
  EXPECT_EQ(test.victim.error, ServerError::kMalformed);
  EXPECT_EQ(test.victim.body, "");
  EXPECT_FALSE(test.server.codec.broken());
}

// nghttp2 holds these to no length.
TEST(Http2ClientCodecHostile, NorIsARefusalOfConnectOfAnotherLengthTaken) {
  const std::string announced = Head({{":status", "403"}, {"content-length", "3"}});
  for (const std::string& body : {Data("", kEndStream), Data("ab", kEndStream), Data("abcd", kEndStream)}) {
    HostileServer test(announced + body, "CONNECT");
    EXPECT_EQ(test.victim.status, 403);
    EXPECT_EQ(test.victim.error, ServerError::kMalformed) << body.size();
    EXPECT_FALSE(test.victim.ended) << body.size();
    EXPECT_FALSE(test.server.codec.broken());
  }
  HostileServer whole(announced + Data("abc", kEndStream), "CONNECT");
  EXPECT_TRUE(whole.victim.ended);
  EXPECT_EQ(whole.victim.body, "abc");
}

TEST(Http2ClientCodecHostile, HeadsBeyondTheLimitsFailTheirStreamAlone) {
  TestServer::Fields many = {{":status", "200"}};
  for (int i = 0; i < 101; ++i) many.emplace_back("x", "1");
  // References to one large entry of HPACK's table: 66 bytes of block, 64 KiB of fields.
  std::string bomb = "\x40\x01x\x7f\xa1\x1e";  // a literal that enters the table: value of 4,000 bytes
  bomb += std::string(4'000, 'v');
  const std::string begin = Block({{":status", "200"}});
  bomb += std::string(80, '\xbe');
  for (const std::string& block : {Block(many), begin + bomb}) {
    HostileServer test(Frame(NGHTTP2_HEADERS, kEndHeaders | kEndStream, 1, block));
    EXPECT_EQ(test.victim.error, ServerError::kMalformed);
    EXPECT_FALSE(test.server.codec.broken());
    test.server.Respond(3, {{":status", "200"}}, "fine");
    test.server.Pump();
    EXPECT_TRUE(test.other.ended);
  }
}

TEST(Http2ClientCodecHostile, WhatBreaksTheConnectionFailsAllItsStreamsAndTellsTheServer) {
  const std::string window = std::string("\x7f\xff\xff\xff", 4);
  const std::vector<std::pair<Hostile, uint32_t>> cases = {
      {{"PUSH_PROMISE", Frame(NGHTTP2_PUSH_PROMISE, kEndHeaders, 1, std::string("\0\0\0\2", 4) + Block({{"x", "1"}}))},
       NGHTTP2_PROTOCOL_ERROR},
      {{"garbage for HPACK", Frame(NGHTTP2_HEADERS, kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff")},
       NGHTTP2_COMPRESSION_ERROR},
      {{"a frame beyond SETTINGS_MAX_FRAME_SIZE", Data(std::string(16'385, 'x'))}, NGHTTP2_FRAME_SIZE_ERROR},
      {{"DATA before a head", Data("x")}, NGHTTP2_PROTOCOL_ERROR},
      {{"DATA on stream 0", Frame(NGHTTP2_DATA, 0, 0, "x")}, NGHTTP2_PROTOCOL_ERROR},
      {{"DATA on a stream that nobody opened", Frame(NGHTTP2_DATA, 0, 99, "x")}, NGHTTP2_PROTOCOL_ERROR},
      {{"a window of more than 2^31-1", Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, window)}, NGHTTP2_FLOW_CONTROL_ERROR},
      {{"a PING of 7 bytes", Frame(NGHTTP2_PING, 0, 0, "1234567")}, NGHTTP2_FRAME_SIZE_ERROR},
      {{"a header block that another frame interrupts",
        Frame(NGHTTP2_HEADERS, 0, 1, Block({{":status", "200"}})) + Frame(NGHTTP2_PING, 0, 0, "12345678")},
       NGHTTP2_PROTOCOL_ERROR},
  };
  for (const auto& [hostile, code] : cases) {
    HostileServer test(hostile.bytes);
    EXPECT_EQ(test.victim.error, ServerError::kMalformed) << hostile.what;
    EXPECT_EQ(test.other.error, ServerError::kMalformed) << hostile.what;
    EXPECT_TRUE(test.server.codec.broken()) << hostile.what;
    EXPECT_FALSE(test.server.codec.accepts_streams()) << hostile.what;
    EXPECT_EQ(test.server.goaway, code) << hostile.what;
    EXPECT_EQ(test.server.codec.streams(), 0u) << hostile.what;
  }
}

TEST(Http2ClientCodecHostile, HTTP1InPlaceOfHTTP2BreaksTheConnection) {
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange);
  server.PumpToServer();
  server.Receive("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  server.PumpToServer();
  EXPECT_EQ(exchange.error, ServerError::kMalformed);
  EXPECT_TRUE(server.codec.broken());
}

TEST(Http2ClientCodecHostile, FloodsOfFramesForNothingBreakTheConnection) {
  const std::vector<Hostile> cases = {
      {"PING", Frame(NGHTTP2_PING, 0, 0, "12345678")},
      {"PING's answers", Frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678")},
      {"empty SETTINGS", Frame(NGHTTP2_SETTINGS, 0, 0, "")},
      {"empty DATA", Data("")},
      {"PRIORITY", Frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\1", 5))},
      {"WINDOW_UPDATE", Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\0\0\0\1", 4))},
      {"GOAWAY", Frame(NGHTTP2_GOAWAY, 0, 0, std::string("\0\0\0\3\0\0\0\0", 8))},
  };
  for (const Hostile& hostile : cases) {
    HostileServer test(Head({{":status", "200"}}));
    for (int i = 0; i < 10'100 && !test.server.codec.broken(); ++i) {
      test.server.Receive(hostile.bytes);
      test.server.PumpToServer();
    }
    EXPECT_TRUE(test.server.codec.broken()) << hostile.what;
    EXPECT_EQ(test.other.error, ServerError::kMalformed) << hostile.what;
    EXPECT_THAT(test.other.detail, HasSubstr("for nothing")) << hostile.what;
    const std::string goaway = Frame(NGHTTP2_GOAWAY, 0, 0, std::string("\0\0\0\0\0\0\0\x0b", 8));
    EXPECT_TRUE(test.server.sent.ends_with(goaway)) << hostile.what;
  }
}

TEST(Http2ClientCodecHostile, AsManySpreadOverTimeDoNot) {
  HostileServer test(Head({{":status", "200"}}));
  for (int i = 0; i < 30'000; ++i) {
    test.server.now += 8;
    test.server.Receive(Frame(NGHTTP2_PING, 0, 0, "12345678"));
    test.server.PumpToServer();
  }
  EXPECT_FALSE(test.server.codec.broken());
}

TEST(Http2ClientCodecHostile, AHeaderBlockWithoutEndBreaksTheConnection) {
  HostileServer test(Frame(NGHTTP2_HEADERS, 0, 1, Block({{":status", "200"}})));
  for (int i = 0; i < 100; ++i) {
    test.server.Receive(Frame(NGHTTP2_CONTINUATION, 0, 1, Block({{"x", "1"}})));
  }
  test.server.PumpToServer();
  EXPECT_TRUE(test.server.codec.broken());
  EXPECT_EQ(test.victim.error, ServerError::kMalformed);
}

}  // namespace
}  // namespace fairlead::http::h2
