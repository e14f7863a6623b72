#include "dataplane/http/h2/server_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h2/test_client.h"

namespace fairlead::http::h2 {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ServerCodec, TellsItsSettings) {
  TestClient client({.max_concurrent_streams = 77, .stream_window = 100'000, .connection_window = 200'000},
                    {.max_head_bytes = 1000, .max_fields = 10});
  client.Exchange();
  EXPECT_EQ(client.server_settings[NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS], 77u);
  EXPECT_EQ(client.server_settings[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE], 100'000u);
  EXPECT_EQ(client.server_settings[NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE], 1280u);
  EXPECT_EQ(client.server_settings[NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL], 1u);
  EXPECT_EQ(nghttp2_session_get_remote_window_size(client.session()), 200'000);
  EXPECT_TRUE(client.codec().idle());
}

TEST(ServerCodec, IsInItsHandshakeUntilTheClientsSettingsCome) {
  TestClient client;
  EXPECT_TRUE(client.codec().receiving_head());
  EXPECT_FALSE(client.codec().idle());
  client.Exchange();
  EXPECT_FALSE(client.codec().receiving_head());
}

TEST(ServerCodec, CarriesARequestAndItsResponse) {
  TestClient client;
  const int32_t id = client.Get("/a?b", {{"x", "y"}});
  client.Exchange();
  ASSERT_EQ(client.requests(), 1u);
  EXPECT_EQ(client.request(0).path, "/a");
  EXPECT_FALSE(client.request(0).body_follows);
  EXPECT_FALSE(client.codec().idle());
  client.request(0).Respond(200, "hello");
  client.Exchange();
  EXPECT_EQ(client.response(id).status, "200");
  EXPECT_EQ(client.response(id).body, "hello");
  EXPECT_THAT(client.response(id).fields, Contains("content-length: 5"));
  EXPECT_TRUE(client.response(id).ended);
  EXPECT_FALSE(client.response(id).reset.has_value());
  EXPECT_TRUE(client.codec().idle());
  EXPECT_EQ(client.request(0).error, std::nullopt);
}

TEST(ServerCodec, AnswersInAnyOrder) {
  TestClient client;
  for (int i = 0; i < 50; ++i) client.Get("/" + std::to_string(i));
  client.Exchange();
  ASSERT_EQ(client.requests(), 50u);
  for (int i = 1; i < 50; ++i) client.request(i).Respond(200, "x");
  client.Exchange();
  EXPECT_EQ(client.ended().size(), 49u);
  client.request(0).Respond(200, "x");
  client.Exchange();
  EXPECT_EQ(client.ended().back(), 1);
}

TEST(ServerCodec, CarriesBodiesAndTrailersBothWays) {
  TestClient client;
  const int32_t id = client.Get("/", {}, /*ends=*/false);
  client.SendBody(id, "request", /*ends=*/false);
  client.Exchange();
  client.SendTrailers(id, {{"x-sum", "1"}});
  client.Exchange();
  TestRequest& request = client.request(0);
  EXPECT_EQ(request.body, "request");
  EXPECT_TRUE(request.ended);
  EXPECT_THAT(request.trailers, ElementsAre("x-sum: 1"));

  request.SendHead(200);
  request.SendData("response");
  client.Exchange();
  EXPECT_EQ(client.response(id).body, "response");
  request.SendEnd({{"grpc-status", "0"}});
  client.Exchange();
  EXPECT_THAT(client.response(id).trailers, ElementsAre("grpc-status: 0"));
  EXPECT_TRUE(client.response(id).ended);
}

TEST(ServerCodec, SendsInterimResponses) {
  TestClient client;
  const int32_t id = client.Get("/");
  client.Exchange();
  client.request(0).SendHead(103, {{"link", "</a>"}});
  client.request(0).Respond(200, "x");
  client.Exchange();
  EXPECT_THAT(client.response(id).interim, ElementsAre("103 link: </a>"));
  EXPECT_EQ(client.response(id).status, "200");
}

TEST(ServerCodec, SendsHeadsWithoutBodies) {
  TestClient client;
  const int32_t id = client.Request({{":method", "HEAD"}, {":scheme", "http"}, {":path", "/"}, {":authority", "test"}});
  client.Exchange();
  client.request(0).SendHead(200, {{"content-length", "5"}}, BodyFraming::kNone, 5);
  client.request(0).SendEnd();
  client.Exchange();
  EXPECT_THAT(client.response(id).fields, Contains("content-length: 5"));
  EXPECT_TRUE(client.response(id).ended);
  EXPECT_TRUE(client.codec().idle());
}

TEST(ServerCodec, SaysThatItTakesNoMoreAfterAnEarlyAnswer) {
  TestClient client;
  const int32_t id = client.Get("/", {}, /*ends=*/false);
  client.Exchange();
  client.request(0).stream().SendError(413, "too large", HeadEdits());
  client.Exchange();
  EXPECT_EQ(client.response(id).status, "413");
  EXPECT_EQ(client.response(id).body, "413 Content Too Large: too large\n");
  EXPECT_TRUE(client.response(id).ended);
  EXPECT_EQ(client.response(id).reset, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(client.codec().idle());
}

TEST(ServerCodec, BreaksAResponseOff) {
  TestClient client;
  const int32_t id = client.Get("/");
  client.Exchange();
  client.request(0).SendHead(200);
  client.request(0).SendData("half");
  client.Exchange();
  client.request(0).stream().Abort();
  client.Exchange();
  EXPECT_EQ(client.response(id).body, "half");
  EXPECT_FALSE(client.response(id).ended);
  EXPECT_EQ(client.response(id).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(client.request(0).error, std::nullopt) << "it knows";
}

TEST(ServerCodec, TellsThatTheClientHasResetAStream) {
  TestClient client;
  const int32_t id = client.Get("/");
  const int32_t other = client.Get("/other");
  client.Exchange();
  client.Reset(id, NGHTTP2_CANCEL);
  client.Exchange();
  EXPECT_EQ(client.request(0).error, ClientError::kDisconnected);
  client.request(1).Respond(200, "x");
  client.Exchange();
  EXPECT_EQ(client.response(other).body, "x");
}

TEST(ServerCodec, ResetsMalformedRequestsAndGoesOn) {
  TestClient client;
  const int32_t bad = client.Get("/", {{"connection", "close"}});
  const int32_t good = client.Get("/good");
  client.Exchange();
  EXPECT_EQ(client.response(bad).reset, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(client.request(0).refused_with, 0);
  EXPECT_EQ(client.request(0).error, ClientError::kMalformed);
  EXPECT_EQ(client.request(0).path, "") << "it was never told of";
  client.request(1).Respond(200, "x");
  client.Exchange();
  EXPECT_EQ(client.response(good).body, "x");
}

TEST(ServerCodec, RefusesHeadsBeyondTheLimitsWithAnAnswer) {
  TestClient client({}, {.max_head_bytes = 200, .max_target_bytes = 20, .max_fields = 4});
  const int32_t large = client.Get("/", {{"a", std::string(200, 'x')}});
  const int32_t many = client.Get("/", {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"e", ""}});
  const int32_t uri = client.Get("/" + std::string(20, 'x'));
  const int32_t fine = client.Get("/fine");
  client.Exchange();
  EXPECT_EQ(client.response(large).status, "431");
  EXPECT_EQ(client.response(many).status, "431");
  EXPECT_EQ(client.response(uri).status, "414");
  EXPECT_THAT(client.request_limits,
              ElementsAre(RequestLimit::kHeaderBytes, RequestLimit::kHeaderCount, RequestLimit::kUriBytes));
  EXPECT_EQ(client.request(3).path, "/fine");
  EXPECT_EQ(client.response(fine).status, "");
}

TEST(ServerCodec, HoldsBodiesToTheirContentLength) {
  TestClient client;
  const int32_t longer = client.Get("/", {{"content-length", "3"}}, false);
  client.SendBody(longer, "four", true);
  const int32_t shorter = client.Get("/", {{"content-length", "3"}}, false);
  client.SendBody(shorter, "2b", true);
  const int32_t none = client.Get("/", {{"content-length", "0"}}, false);
  client.SendBody(none, "x", true);
  client.Exchange();
  for (int32_t id : {longer, shorter, none}) EXPECT_EQ(client.response(id).reset, NGHTTP2_PROTOCOL_ERROR) << id;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.request(i).error, ClientError::kMalformed) << i;
    EXPECT_FALSE(client.request(i).ended) << i;
  }
}

TEST(ServerCodec, RefusesForbiddenTrailers) {
  TestClient client;
  const int32_t id = client.Get("/", {}, false);
  client.SendBody(id, "x", false);
  client.Exchange();
  client.SendTrailers(id, {{"transfer-encoding", "chunked"}});
  client.Exchange();
  EXPECT_EQ(client.response(id).reset, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_FALSE(client.request(0).ended);
}

TEST(ServerCodec, KeepsTheWindowShutForABodyThatIsHeldBack) {
  TestClient client;
  const int32_t id = client.Get("/slow", {}, false);
  const int32_t other = client.Get("/other", {}, false);
  client.Exchange();
  TestRequest& slow = client.request(0);
  slow.stream().PauseBody();
  client.SendBody(id, std::string(300'000, 's'), true);
  client.SendBody(other, std::string(2'000'000, 'o'), true);
  client.Exchange();
  EXPECT_EQ(slow.body.size(), 0u);
  EXPECT_EQ(client.request(1).body.size(), 2'000'000u) << "nobody else is stopped";
  EXPECT_TRUE(client.request(1).ended);
  EXPECT_EQ(nghttp2_session_get_stream_remote_window_size(client.session(), id), 0);
  slow.stream().ResumeBody();
  client.Exchange();
  EXPECT_EQ(slow.body.size(), 300'000u);
  EXPECT_TRUE(slow.ended);
}

TEST(ServerCodec, LetsManyBodiesThatAreHeldBackStopNoOther) {
  TestClient client({.connection_window = 65'535});
  for (int i = 0; i < 30; ++i) {
    const int32_t id = client.Get("/slow", {}, false);
    client.Exchange();
    client.request(i).stream().PauseBody();
    client.SendBody(id, std::string(100'000, 's'), true);
  }
  const int32_t other = client.Get("/other", {}, false);
  client.SendBody(other, std::string(500'000, 'o'), true);
  client.Exchange();
  EXPECT_TRUE(client.request(30).ended);
  for (int i = 0; i < 30; ++i) client.request(i).stream().ResumeBody();
  client.Exchange();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(client.request(i).body.size(), 100'000u) << i;
}

TEST(ServerCodec, HoldsTrailersBackWithTheBody) {
  TestClient client;
  const int32_t id = client.Get("/", {}, false);
  client.Exchange();
  client.request(0).stream().PauseBody();
  client.SendBody(id, "body", false);
  client.Exchange();
  client.SendTrailers(id, {{"x", "y"}});
  client.Exchange();
  EXPECT_FALSE(client.request(0).ended);
  client.request(0).stream().ResumeBody();
  client.Exchange();
  EXPECT_EQ(client.request(0).body, "body");
  EXPECT_THAT(client.request(0).trailers, ElementsAre("x: y"));
}

TEST(ServerCodec, SendsNoMoreThanTheClientTakes) {
  TestClient client;
  const int32_t id = client.Get("/");
  client.Exchange();
  TestRequest& request = client.request(0);
  request.SendHead(200);
  client.StopReading();
  request.SendData(std::string(1'000'000, 'x'));
  client.Exchange();
  EXPECT_GT(request.stream().unsent_bytes(), 900'000u) << "it stays with its stream";
  EXPECT_LT(client.output().size(), 100'000u);
  EXPECT_EQ(request.drained, 0);
  EXPECT_EQ(client.response(id).body, "");
}

TEST(ServerCodec, TellsWhenTheResponseHasDrained) {
  TestClient client;
  const int32_t id = client.Get("/");
  client.Exchange();
  TestRequest& request = client.request(0);
  request.SendHead(200);
  request.SendData(std::string(60'000, 'x'));
  client.Exchange();
  EXPECT_GT(request.drained, 0);
  EXPECT_EQ(request.stream().unsent_bytes(), 0u);
  EXPECT_EQ(client.response(id).body.size(), 60'000u);
}

TEST(ServerCodec, WritesTheMostUrgentFirst) {
  TestClient client;
  const int32_t late = client.Get("/late", {{"priority", "u=7"}});
  const int32_t usual = client.Get("/usual");
  const int32_t urgent = client.Get("/urgent", {{"priority", "u=0"}});
  client.Exchange();
  for (int i = 0; i < 3; ++i) client.request(i).Respond(200, std::string(15'000, 'x'));
  client.Exchange();
  EXPECT_THAT(client.ended(), ElementsAre(urgent, usual, late));
}

TEST(ServerCodec, HearsOfPrioritiesThatChange) {
  TestClient client;
  const int32_t first = client.Get("/first");
  const int32_t second = client.Get("/second");
  client.Exchange();
  client.SendRaw(Frame(NGHTTP2_PRIORITY_UPDATE, 0, 0, std::string({0, 0, 0, static_cast<char>(second)}) + "u=1"));
  for (int i = 0; i < 2; ++i) client.request(i).Respond(200, std::string(15'000, 'x'));
  client.Exchange();
  EXPECT_THAT(client.ended(), ElementsAre(second, first));
}

TEST(ServerCodec, MakesATunnelOfConnect) {
  TestClient client;
  const int32_t id = client.Request({{":method", "CONNECT"}, {":authority", "a:443"}}, false);
  client.SendBody(id, "early", false);
  client.Exchange();
  TestRequest& request = client.request(0);
  EXPECT_EQ(request.head.method, Method::kConnect);
  EXPECT_FALSE(request.body_follows);
  EXPECT_EQ(request.body, "") << "there is no tunnel yet";
  request.SendHead(200, {}, BodyFraming::kTunnel);
  client.Exchange();
  EXPECT_EQ(client.response(id).status, "200");
  EXPECT_EQ(request.body, "early");
  request.SendData("down");
  client.SendBody(id, "up", true);
  client.Exchange();
  EXPECT_EQ(request.body, "earlyup");
  EXPECT_TRUE(request.ended);
  EXPECT_EQ(client.response(id).body, "down");
  EXPECT_FALSE(client.response(id).ended) << "each direction ends by itself";
  request.SendEnd();
  client.Exchange();
  EXPECT_TRUE(client.response(id).ended);
  EXPECT_TRUE(client.codec().idle());
}

TEST(ServerCodec, MakesATunnelOfExtendedConnect) {
  TestClient client;
  const int32_t id = client.Request({{":method", "CONNECT"},
                                     {":protocol", "websocket"},
                                     {":scheme", "http"},
                                     {":path", "/chat"},
                                     {":authority", "a"}},
                                    false);
  client.Exchange();
  TestRequest& request = client.request(0);
  EXPECT_TRUE(request.head.extended_connect);
  request.SendHead(101, {{"upgrade", "websocket"}, {"sec-websocket-accept", "x"}}, BodyFraming::kTunnel);
  request.SendData("frame");
  request.SendEnd();
  client.Exchange();
  EXPECT_EQ(client.response(id).status, "200");
  EXPECT_THAT(client.response(id).fields, Not(Contains(testing::HasSubstr("websocket"))));
  EXPECT_EQ(client.response(id).body, "frame");
  EXPECT_TRUE(client.response(id).ended);
  EXPECT_FALSE(client.response(id).reset.has_value()) << "the client may go on";
  client.SendBody(id, "late", true);
  client.Exchange();
  EXPECT_EQ(request.body, "late");
  EXPECT_TRUE(client.codec().idle());
}

TEST(ServerCodec, DrainsInTwoSteps) {
  TestClient client;
  client.Get("/before");
  client.Exchange();
  client.codec().Drain();
  const int32_t crossing = client.Get("/crossing");
  client.Exchange();
  EXPECT_THAT(client.goaways, ElementsAre(NGHTTP2_NO_ERROR, NGHTTP2_NO_ERROR));
  EXPECT_THAT(client.last_streams, ElementsAre(INT32_MAX, crossing));
  EXPECT_FALSE(client.closing);
  ASSERT_EQ(client.requests(), 2u);
  client.request(0).Respond(200, "a");
  client.request(1).Respond(200, "b");
  client.Exchange();
  EXPECT_EQ(client.response(crossing).body, "b");
  EXPECT_TRUE(client.closing);
}

TEST(ServerCodec, DrawsTheLineEvenIfNobodyAnswersItsPing) {
  TestClient client;
  client.Exchange();
  client.codec().Drain();
  client.StopReading();
  client.Exchange();
  client.time_ms += 1000;
  EXPECT_TRUE(client.codec().CheckTimes({.header_timeout_ms = 1, .idle_timeout_ms = 60'000}));
  client.codec().Continue();
  EXPECT_TRUE(client.closing);
}

TEST(ServerCodec, SaysGoodbyeToAnIdleClient) {
  TestClient client;
  client.Exchange();
  EXPECT_TRUE(client.codec().EndIdle());
  client.Exchange();
  EXPECT_THAT(client.goaways, ElementsAre(NGHTTP2_NO_ERROR));
}

TEST(ServerCodec, EndsAllStreamsWithTheConnection) {
  TestClient client;
  client.Get("/");
  client.Get("/");
  client.Exchange();
  client.codec().ConnectionLost(ClientError::kShutdown);
  EXPECT_EQ(client.request(0).error, ClientError::kShutdown);
  EXPECT_EQ(client.request(1).error, ClientError::kShutdown);
}

TEST(ServerCodec, KeepsNoMemoryWhenAllIsOver) {
  TestClient client;
  for (int round = 0; round < 3; ++round) {
    const int32_t id = client.Get("/", {}, false);
    client.SendBody(id, std::string(100'000, 'x'), true);
    client.Exchange();
    client.request(round).Respond(200, std::string(100'000, 'y'));
    client.Exchange();
  }
  EXPECT_LE(client.blocks().blocks_in_use(), 1u) << "the one that the client's bytes are copied into";
}

}  // namespace
}  // namespace fairlead::http::h2
