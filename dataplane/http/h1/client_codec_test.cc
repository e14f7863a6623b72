#include "dataplane/http/h1/client_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/buffer/queue.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/test_server.h"

namespace fairlead::http::h1 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
constexpr std::string_view kChunkedPost = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// One exchange on a new connection, in one piece.
TestHandler ExchangeOf(std::string_view request, std::string_view response, bool* reusable) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler, request);
  server.Receive(response);
  *reusable = server.codec.idle() && server.codec.reusable();
  return handler;
}

TEST(ClientCodec, IsReadyForAnotherExchangeWhenBothSidesHaveEnded) {
  TestServer server;
  for (int i = 0; i < 3; ++i) {
    TestHandler handler;
    server.Begin(&handler);
    EXPECT_FALSE(server.codec.idle());
    server.Receive(kOk);
    EXPECT_EQ(handler.status, 200);
    EXPECT_EQ(handler.body, "ok");
    EXPECT_TRUE(handler.ended);
    EXPECT_TRUE(server.codec.idle());
    EXPECT_TRUE(server.codec.reusable());
    EXPECT_EQ(server.pool.blocks_in_use(), 0u) << "an idle connection holds no buffers";
  }
  EXPECT_EQ(server.sent,
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(ClientCodec, TakesResponsesInPiecesOfAnySize) {
  const std::string response =
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: 1\r\nB: 22\r\nC: 333\r\n\r\n";
  for (size_t first = 0; first <= response.size(); ++first) {
    for (size_t second : {first, first + 1, response.size()}) {
      if (second > response.size()) continue;
      TestServer server;
      TestHandler handler;
      server.Begin(&handler);
      for (const std::string& piece :
           {response.substr(0, first), response.substr(first, second - first), response.substr(second)}) {
        if (!piece.empty()) server.Receive(piece);
      }
      ASSERT_THAT(handler.interim, ElementsAre(103)) << first;
      ASSERT_EQ(handler.body, "abcde") << first;
      ASSERT_EQ(handler.trailers, "A: 1\nB: 22\nC: 333\n") << first;
      ASSERT_TRUE(server.codec.reusable()) << first;
    }
  }
}

TEST(ClientCodec, KnowsWhichResponsesHaveNoBody) {
  bool reusable;
  TestHandler handler =
      ExchangeOf("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &reusable);
  EXPECT_TRUE(handler.ended && reusable);
  handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", &reusable);
  EXPECT_TRUE(handler.ended && reusable);
  handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
                       &reusable);
  EXPECT_TRUE(handler.ended && reusable);
}

TEST(ClientCodec, IsOfNoFurtherUseWhereTheServerWishesToClose) {
  bool reusable;
  TestHandler handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", &reusable);
  EXPECT_TRUE(handler.ended);
  EXPECT_FALSE(reusable);
  handler =
      ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", &reusable);
  EXPECT_TRUE(handler.ended);
  EXPECT_FALSE(reusable);
}

// What follows a response would be taken for the answer to the next request.
TEST(ClientCodec, IsOfNoFurtherUseWithBytesBehindTheResponse) {
  bool reusable;
  TestHandler handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n", std::string(kOk) + "HTTP/1.1 200 ", &reusable);
  EXPECT_EQ(handler.body, "ok");
  EXPECT_TRUE(handler.ended);
  EXPECT_FALSE(reusable);
  handler = ExchangeOf("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", kOk, &reusable);
  EXPECT_TRUE(handler.ended);
  EXPECT_FALSE(reusable);
  handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", &reusable);
  EXPECT_TRUE(handler.ended);
  EXPECT_FALSE(reusable);
}

TEST(ClientCodec, IsOfNoFurtherUseAfterBytesBetweenExchanges) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler);
  server.Receive(kOk);
  server.Receive(kOk);
  EXPECT_TRUE(server.codec.idle());
  EXPECT_FALSE(server.codec.reusable());
}

TEST(ClientCodec, IsOfNoFurtherUseWhereTheResponseCameBeforeTheRequestsEnd) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler, kPost);
  server.SendData("ab");
  server.Receive(kOk);
  EXPECT_TRUE(handler.ended);
  EXPECT_TRUE(server.codec.idle());
  EXPECT_FALSE(server.codec.reusable());
}

TEST(ClientCodec, IsOfNoFurtherUseWhereTheRequestIsStillUnsent) {
  TestServer server;
  server.sending = false;
  TestHandler handler;
  server.Begin(&handler);
  server.Receive(kOk);
  EXPECT_TRUE(handler.ended);
  EXPECT_FALSE(server.codec.reusable());
}

TEST(ClientCodec, WritesBodiesAsTheirFramingSays) {
  {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler, kPost);
    server.SendData("ab");
    server.SendData("cd");
    server.SendEnd();
    EXPECT_EQ(server.sent, std::string(kPost) + "abcd");
    server.Receive(kOk);
    EXPECT_TRUE(server.codec.reusable());
  }
  {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler, kChunkedPost);
    server.SendData("ab");
    FieldList trailers;
    trailers.Add({.name_offset = 0, .value_offset = 3, .value_size = 1, .name_size = 1, .known = KnownField::kOther});
    trailers.set_base("T: 1");
    server.SendEnd(&trailers);
    EXPECT_EQ(server.sent, std::string(kChunkedPost) + "2\r\nab\r\n0\r\nT: 1\r\n\r\n");
  }
  {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler, kChunkedPost);
    server.SendEnd();
    EXPECT_EQ(server.sent, std::string(kChunkedPost) + "0\r\n\r\n");
  }
}

TEST(ClientCodec, NamesTheServerWhereAnOldClientNamedNone) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(server.sent, "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n");
}

TEST(ClientCodec, PassesContinueOnToClientsThatAskedForIt) {
  constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";
  TestServer server;
  TestHandler handler;
  server.Begin(&handler, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  server.Receive(kInterim);
  EXPECT_THAT(handler.interim, ElementsAre(100));
  server.SendData("ab");
  server.SendEnd();
  server.Receive(kOk);
  EXPECT_EQ(handler.status, 200);
  EXPECT_TRUE(server.codec.reusable());

  TestServer other_server;
  TestHandler other_handler;
  other_server.Begin(&other_handler);
  other_server.Receive(std::string(kInterim) + "HTTP/1.1 103 Early Hints\r\n\r\n" + std::string(kOk));
  EXPECT_THAT(other_handler.interim, ElementsAre(103));
  EXPECT_EQ(other_handler.status, 200);
}

TEST(ClientCodec, CutsOffAServerThatSendsInterimResponsesForEver) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler);
  for (int i = 0; i < ClientCodec::kMaxInformational; ++i) server.Receive("HTTP/1.1 103 Early Hints\r\n\r\n");
  EXPECT_FALSE(handler.error.has_value());
  server.Receive("HTTP/1.1 103 Early Hints\r\n\r\n");
  EXPECT_EQ(handler.error, ServerError::kMalformed);
  EXPECT_FALSE(server.codec.reusable());
}

TEST(ClientCodec, RefusesToSwitchProtocols) {
  bool reusable;
  TestHandler handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", &reusable);
  EXPECT_EQ(handler.error, ServerError::kMalformed);
  EXPECT_THAT(handler.interim, IsEmpty());
  EXPECT_FALSE(reusable);
}

TEST(ClientCodec, TellsMalformedResponses) {
  bool reusable;
  TestHandler handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n", &reusable);
  EXPECT_EQ(handler.error, ServerError::kMalformed);
  EXPECT_EQ(handler.status, 0);
  EXPECT_FALSE(reusable);
  handler = ExchangeOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", &reusable);
  EXPECT_EQ(handler.error, ServerError::kMalformed);
  EXPECT_EQ(handler.status, 200);
  EXPECT_FALSE(reusable);
}

TEST(ClientCodec, TellsHowFarTheServerWasWhenItClosed) {
  const auto close_after = [](std::string_view response, int error) {
    TestServer server;
    TestHandler handler;
    server.Begin(&handler);
    if (!response.empty()) server.Receive(response);
    server.codec.ReceiveEnd(error);
    EXPECT_TRUE(server.codec.idle());
    EXPECT_FALSE(server.codec.reusable());
    EXPECT_FALSE(handler.ended);
    return handler.error;
  };
  EXPECT_EQ(close_after("", 0), ServerError::kClosedBeforeResponse);
  EXPECT_EQ(close_after("", ECONNRESET), ServerError::kClosedBeforeResponse);
  EXPECT_EQ(close_after("H", 0), ServerError::kTruncated);
  EXPECT_EQ(close_after("HTTP/1.1 103 Early Hints\r\n\r\n", 0), ServerError::kTruncated);
  EXPECT_EQ(close_after("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", 0), ServerError::kTruncated);
  EXPECT_EQ(close_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 0),
            ServerError::kTruncated);
  EXPECT_EQ(close_after("HTTP/1.1 200 OK\r\n\r\nok", ECONNRESET), ServerError::kTruncated);
}

TEST(ClientCodec, EndsABodyWithTheConnectionWhereNothingElseCan) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler);
  server.Receive("HTTP/1.1 200 OK\r\n\r\no");
  server.Receive("k");
  EXPECT_FALSE(handler.ended);
  server.codec.ReceiveEnd(0);
  EXPECT_TRUE(handler.ended);
  EXPECT_EQ(handler.body, "ok");
  EXPECT_FALSE(server.codec.reusable());
}

TEST(ClientCodec, HoldsABodyBackForAsLongAsItsHandlerWants) {
  TestServer server;
  TestHandler handler;
  handler.pause_on_data = true;
  server.Begin(&handler);
  server.Receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
  EXPECT_EQ(handler.body, "a");
  EXPECT_FALSE(server.receiving);
  server.Resume();
  EXPECT_EQ(handler.body, "ab");
  EXPECT_FALSE(handler.ended);
  server.Resume();
  EXPECT_TRUE(handler.ended) << "though nothing more was received";
  EXPECT_TRUE(server.codec.reusable());
}

TEST(ClientCodec, HoldsABodyBackFromItsHeadOn) {
  TestServer server;
  TestHandler handler;
  handler.pause_on_head = true;
  server.Begin(&handler);
  server.Receive(kOk);
  EXPECT_EQ(handler.body, "");
  server.Resume();
  EXPECT_EQ(handler.body, "ok");
  EXPECT_TRUE(server.codec.reusable());
}

TEST(ClientCodec, TellsTheEndOfABodyThatWasPausedWithItsLastByte) {
  TestServer server;
  TestHandler handler;
  handler.pause_on_data = true;
  server.Begin(&handler);
  server.Receive(kOk);
  EXPECT_TRUE(handler.ended);
  EXPECT_TRUE(server.codec.reusable());
}

TEST(ClientCodec, TellsItsHandlerWhenTheServerHasRead) {
  TestServer server;
  server.sending = false;
  TestHandler handler;
  server.Begin(&handler, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  server.SendData(std::string(50'000, 'x'));
  server.Send(10'000);
  EXPECT_EQ(handler.drained, 0);
  server.Send(server.queue.size() - 16 * 1024);
  EXPECT_EQ(handler.drained, 1);
  EXPECT_EQ(server.codec.unsent_bytes(), 16u * 1024);
}

TEST(ClientCodec, SaysNothingMoreWhenItIsAbandoned) {
  TestServer server;
  TestHandler handler;
  server.Begin(&handler);
  server.codec.Abandon();
  server.Receive(kOk);
  server.codec.ReceiveEnd(0);
  EXPECT_EQ(handler.status, 0);
  EXPECT_FALSE(handler.error.has_value());
  EXPECT_FALSE(server.codec.reusable());
}

}  // namespace
}  // namespace fairlead::http::h1
