#include "dataplane/http/h2/client_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "dataplane/http/h2/test_server.h"

namespace fairlead::http::h2 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const TestServer::Fields kOk = {{":status", "200"}};

TEST(Http2ClientCodec, CarriesARequestAndItsResponse) {
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange);
  server.Pump();
  EXPECT_EQ(server.request(1).fields, ":method: GET\n:scheme: http\n:path: /\n:authority: a\n");
  EXPECT_TRUE(server.request(1).ended);
  server.Respond(1, {{":status", "200"}, {"content-length", "5"}, {"x", "1"}}, "hello");
  server.Pump();
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.head.framing, BodyFraming::kContentLength);
  EXPECT_EQ(exchange.fields, "content-length: 5\nx: 1\n");
  EXPECT_EQ(exchange.body, "hello");
  EXPECT_TRUE(exchange.ended);
  EXPECT_TRUE(exchange.stream.done());
  EXPECT_EQ(server.codec.streams(), 0u);
  EXPECT_TRUE(server.codec.accepts_streams());
  EXPECT_EQ(server.pool.blocks_in_use(), 0u);
  EXPECT_FALSE(server.request(1).reset.has_value());
}

TEST(Http2ClientCodec, CarriesManyStreamsThatEndInAnyOrder) {
  TestServer server;
  std::vector<TestExchange> exchanges(50);
  for (TestExchange& exchange : exchanges) server.Begin(&exchange);
  server.Pump();
  EXPECT_EQ(server.codec.streams(), 50u);
  for (int i = 49; i >= 0; --i) {
    server.Respond(1 + 2 * i, kOk, std::to_string(i));
    server.Pump();
    EXPECT_TRUE(exchanges[i].ended);
    EXPECT_EQ(exchanges[i].body, std::to_string(i));
    EXPECT_EQ(server.codec.streams(), static_cast<uint32_t>(i));
  }
  EXPECT_EQ(server.codec.streams(), 0u);
}

TEST(Http2ClientCodec, CarriesBodiesAndTrailersBothWays) {
  TestServer server;
  TestExchange exchange;
  TestHeads heads;
  server.Begin(&exchange, "POST", BodyFraming::kStreamed);
  const std::string body(300'000, 'x');
  server.SendBody(&exchange, body);
  const FieldList trailers = heads.List({{"X-Sum", "1"}});
  exchange.stream.SendEnd(&trailers);
  server.Pump();
  EXPECT_EQ(server.request(1).body, body);
  EXPECT_EQ(server.request(1).trailers, "x-sum: 1\n");
  EXPECT_TRUE(server.request(1).ended);
  EXPECT_EQ(exchange.stream.unsent_bytes(), 0u);
  server.Respond(1, kOk, body, {{"grpc-status", "0"}, {"x", "y"}});
  server.Pump();
  EXPECT_EQ(exchange.head.framing, BodyFraming::kStreamed);
  EXPECT_EQ(exchange.body, body);
  EXPECT_EQ(exchange.trailers, "grpc-status: 0\nx: y\n");
  EXPECT_TRUE(exchange.ended);
}

TEST(Http2ClientCodec, SendsABodyAsItComes) {
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange, "POST", BodyFraming::kStreamed);
  server.Pump();
  for (const char* piece : {"a", "b", "c"}) {
    server.SendBody(&exchange, piece);
    server.Pump();
  }
  EXPECT_EQ(server.request(1).body, "abc");
  EXPECT_FALSE(server.request(1).ended);
  exchange.stream.SendEnd(nullptr);
  server.Pump();
  EXPECT_TRUE(server.request(1).ended);
}

TEST(Http2ClientCodec, PassesInterimResponsesOn) {
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange);
  server.Pump();
  server.Interim(1, {{":status", "103"}, {"link", "x"}});
  server.Interim(1, {{":status", "100"}});  // nobody asked for it
  server.Respond(1, kOk);
  server.Pump();
  EXPECT_THAT(exchange.interim, ElementsAre(103));
  EXPECT_TRUE(exchange.ended);
}

TEST(Http2ClientCodec, EndsAStreamWithTooManyInterimResponses) {
  TestServer server;
  TestExchange flooded, other;
  server.Begin(&flooded);
  server.Begin(&other);
  server.Pump();
  for (int i = 0; i <= ClientCodec::kMaxInformational; ++i) server.Interim(1, {{":status", "103"}});
  server.Respond(3, kOk);
  server.Pump();
  EXPECT_EQ(flooded.error, ServerError::kMalformed);
  EXPECT_EQ(server.request(1).reset, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(other.ended);
  EXPECT_TRUE(server.codec.accepts_streams());
}

TEST(Http2ClientCodec, KnowsWhichResponsesHaveNoBody) {
  for (const char* status : {"204", "304"}) {
    TestServer server;
    TestExchange exchange;
    server.Begin(&exchange);
    server.Pump();
    server.Respond(1, {{":status", status}});
    server.Pump();
    EXPECT_TRUE(exchange.ended);
    EXPECT_EQ(exchange.head.framing, BodyFraming::kNone);
  }
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange, "HEAD");
  server.Pump();
  server.Respond(1, {{":status", "200"}, {"content-length", "5"}});
  server.Pump();
  EXPECT_TRUE(exchange.ended);
  EXPECT_EQ(exchange.head.framing, BodyFraming::kNone);
  EXPECT_EQ(exchange.head.content_length, 5u);
}

// A stream that is paused is given no more than its window, and stops nobody else, however long it pauses.
TEST(Http2ClientCodec, AStreamThatIsPausedStopsItselfAlone) {
  TestServer server({.max_concurrent_streams = 100, .stream_window = 65'535, .connection_window = 200'000});
  std::vector<TestExchange> slow(6);
  TestExchange fast;
  for (TestExchange& exchange : slow) {
    exchange.pause_on_data = true;
    server.Begin(&exchange);
  }
  server.Begin(&fast);
  server.Pump();
  const std::string body(400'000, 'x');
  for (int i = 0; i < 7; ++i) server.Respond(1 + 2 * i, kOk, body);
  server.Pump();
  EXPECT_EQ(fast.body.size(), body.size());
  EXPECT_TRUE(fast.ended);
  for (TestExchange& exchange : slow) EXPECT_LE(exchange.body.size(), 16'384u);
  EXPECT_LE(server.pool.blocks_in_use(), 6u * 9);
  for (TestExchange& exchange : slow) {
    exchange.pause_on_data = false;
    exchange.stream.ResumeBody();
  }
  server.Pump();
  for (TestExchange& exchange : slow) {
    EXPECT_EQ(exchange.body, body);
    EXPECT_TRUE(exchange.ended);
  }
}

TEST(Http2ClientCodec, TellsTheEndOnlyAfterWhatWasHeldBack) {
  TestServer server;
  TestExchange exchange;
  exchange.pause_on_data = true;
  server.Begin(&exchange);
  server.Pump();
  server.Respond(1, kOk, std::string(40'000, 'x'), {{"t", "1"}});
  server.Pump();
  EXPECT_FALSE(exchange.ended);
  // Not even the connection's end takes from it what has come whole.
  server.codec.ReceiveEnd(0);
  exchange.pause_on_data = false;
  exchange.stream.ResumeBody();
  server.codec.Continue();
  EXPECT_EQ(exchange.body.size(), 40'000u);
  EXPECT_EQ(exchange.trailers, "t: 1\n");
  EXPECT_EQ(server.codec.streams(), 0u);
}

TEST(Http2ClientCodec, AServerThatTakesNoBodyStopsItsSenderAlone) {
  TestServer server;
  server.consume = false;
  TestExchange large, small;
  server.Begin(&large, "POST", BodyFraming::kStreamed);
  server.Pump();
  server.SendBody(&large, std::string(100'000, 'x'));
  server.Pump();
  EXPECT_EQ(large.stream.unsent_bytes(), 100'000u - 65'535u);
  server.Begin(&small);
  server.Pump();
  server.Respond(3, kOk);
  server.Pump();
  EXPECT_TRUE(small.ended);
  large.drained = 0;
  nghttp2_session_consume(server.session(), 1, 65'535);
  server.Pump();
  EXPECT_EQ(large.stream.unsent_bytes(), 0u);
  EXPECT_GT(large.drained, 0);
}

TEST(Http2ClientCodec, OutputsNoMoreThanTheKernelTakes) {
  TestServer server;
  nghttp2_session_set_local_window_size(server.session(), 0, 0, 10'000'000);
  server.Pump();
  std::vector<TestExchange> exchanges(20);
  for (TestExchange& exchange : exchanges) {
    server.Begin(&exchange, "POST", BodyFraming::kStreamed);
    server.SendBody(&exchange, std::string(60'000, 'x'));
    exchange.stream.SendEnd(nullptr);
  }
  server.codec.Continue();
  EXPECT_LE(server.output().size(), 128u * 1024 + 20'000);
  server.Pump();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(server.request(1 + 2 * i).body.size(), 60'000u);
}

TEST(Http2ClientCodec, ResetsWhatTheHandlerAbandons) {
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange);
  server.Pump();
  server.Respond(1, kOk, std::string(100'000, 'x'));
  exchange.stream.Abandon();
  server.Pump();
  EXPECT_EQ(server.request(1).reset, NGHTTP2_CANCEL);
  EXPECT_EQ(exchange.status, 0);
  EXPECT_EQ(server.codec.streams(), 0u);
}

// What was not even sent is not worth a reset.
TEST(Http2ClientCodec, AbandonsBeforeAnythingWasSent) {
  TestServer server;
  TestExchange gone, exchange;
  server.Begin(&gone);
  gone.stream.Abandon();
  server.Begin(&exchange);
  server.Pump();
  server.Respond(3, kOk);
  server.Pump();
  EXPECT_TRUE(exchange.ended);
  EXPECT_EQ(server.requests.count(1), 0u);
}

TEST(Http2ClientCodec, AnEarlyAnswerEndsTheRequestWithoutBlame) {
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange, "POST", BodyFraming::kStreamed);
  server.SendBody(&exchange, "part");
  server.Pump();
  server.Respond(1, {{":status", "413"}});
  server.Pump();
  EXPECT_EQ(exchange.status, 413);
  EXPECT_TRUE(exchange.ended);
  EXPECT_EQ(server.request(1).reset, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(server.codec.accepts_streams());
}

TEST(Http2ClientCodec, SaysWhatWasNotProcessed) {
  TestServer server;
  TestExchange refused, failed, other;
  server.Begin(&refused);
  server.Begin(&failed);
  server.Begin(&other);
  server.Pump();
  nghttp2_submit_rst_stream(server.session(), 0, 1, NGHTTP2_REFUSED_STREAM);
  nghttp2_submit_rst_stream(server.session(), 0, 3, NGHTTP2_INTERNAL_ERROR);
  server.Respond(5, kOk);
  server.Pump();
  EXPECT_EQ(refused.error, ServerError::kNotProcessed);
  EXPECT_EQ(failed.error, ServerError::kReset);
  EXPECT_THAT(failed.detail, HasSubstr("INTERNAL_ERROR"));
  EXPECT_TRUE(other.ended);
}

TEST(Http2ClientCodec, AfterGoawayFinishesWhatTheServerHasTaken) {
  TestServer server;
  TestExchange taken, not_taken;
  server.Begin(&taken);
  server.Pump();
  server.Begin(&not_taken);
  nghttp2_submit_goaway(server.session(), 0, 1, NGHTTP2_NO_ERROR, nullptr, 0);
  server.Pump();
  EXPECT_EQ(not_taken.error, ServerError::kNotProcessed);
  EXPECT_FALSE(server.codec.accepts_streams());
  EXPECT_TRUE(server.codec.left_by_server());
  EXPECT_FALSE(server.codec.broken());
  server.Respond(1, kOk, "x");
  server.Pump();
  EXPECT_TRUE(taken.ended);
}

TEST(Http2ClientCodec, DrainsByItsOwnWill) {
  TestServer server;
  TestExchange exchange;
  server.Begin(&exchange);
  server.Pump();
  server.codec.Drain();
  server.Pump();
  EXPECT_EQ(server.goaway, NGHTTP2_NO_ERROR);
  EXPECT_FALSE(server.codec.accepts_streams());
  server.Respond(1, kOk, "x");
  server.Pump();
  EXPECT_TRUE(exchange.ended);
  EXPECT_FALSE(server.codec.broken());
}

TEST(Http2ClientCodec, ObeysTheServersLimit) {
  TestServer server({}, {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 7}});
  EXPECT_EQ(server.codec.max_streams(), 100u);
  server.Pump();
  EXPECT_EQ(server.codec.max_streams(), 7u);
}

TEST(Http2ClientCodec, TellsWhetherAResponseHadBegunWhenTheConnectionEnds) {
  TestServer server;
  TestExchange silent, begun;
  server.Begin(&silent);
  server.Begin(&begun);
  server.Pump();
  server.Interim(3, {{":status", "103"}});
  server.Pump();
  server.codec.ReceiveEnd(ECONNRESET);
  EXPECT_EQ(silent.error, ServerError::kClosedBeforeResponse);
  EXPECT_EQ(begun.error, ServerError::kTruncated);
  EXPECT_TRUE(server.codec.broken());
  EXPECT_EQ(server.codec.streams(), 0u);
}

TEST(Http2ClientCodec, Pings) {
  TestServer server;
  server.codec.Ping();
  server.Pump();
  EXPECT_EQ(server.pings, 1);
}

TEST(Http2ClientCodec, ConnectMakesATunnel) {
  TestServer server;
  TestExchange exchange;
  exchange.abandon_on_end = false;
  server.Begin(&exchange, "CONNECT");
  server.Pump();
  EXPECT_EQ(server.request(1).fields, ":method: CONNECT\n:authority: a\n");
  EXPECT_FALSE(server.request(1).ended);
  server.Interim(1, kOk);
  server.Pump();
  EXPECT_EQ(exchange.head.framing, BodyFraming::kTunnel);
  server.SendBody(&exchange, "ping");
  server.Pump();
  EXPECT_EQ(server.request(1).body, "ping");
  server.Receive(Frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "pong"));
  EXPECT_EQ(exchange.body, "pong");
  EXPECT_TRUE(exchange.ended);
  server.SendBody(&exchange, "more");
  exchange.stream.SendEnd(nullptr);
  EXPECT_TRUE(exchange.stream.is_finishing());
  exchange.stream.Abandon();
  EXPECT_FALSE(exchange.stream.done());
  server.PumpToServer();
  EXPECT_EQ(server.request(1).body, "pingmore");
  EXPECT_TRUE(server.request(1).ended);
  EXPECT_TRUE(exchange.stream.done());
}

TEST(Http2ClientCodec, AnUpgradeWaitsForTheServersWordThatItTakesExtendedConnect) {
  TestServer server({}, {{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}});
  TestExchange exchange;
  HeadEdits edits;
  edits.upgrade = "websocket";
  server.Begin(&exchange, "GET", BodyFraming::kNone, edits);
  server.PumpToServer();
  EXPECT_TRUE(server.requests.empty());
  server.Pump();
  EXPECT_EQ(server.request(1).fields,
            ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /\n:authority: a\n");
  server.Interim(1, kOk);
  server.Pump();
  EXPECT_EQ(exchange.status, 101);
  EXPECT_EQ(exchange.head.framing, BodyFraming::kTunnel);
}

TEST(Http2ClientCodec, AnUpgradeFailsWhereTheServerDoesNotTakeIt) {
  for (bool settings_come_first : {false, true}) {
    TestServer server;
    TestExchange exchange;
    if (settings_come_first) server.Pump();
    HeadEdits edits;
    edits.upgrade = "websocket";
    server.Begin(&exchange, "GET", BodyFraming::kNone, edits);
    server.Pump();
    EXPECT_EQ(exchange.error, ServerError::kNoExtendedConnect);
    EXPECT_TRUE(server.requests.empty());
  }
}

}  // namespace
}  // namespace fairlead::http::h2
