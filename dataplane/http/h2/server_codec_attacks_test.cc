#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h2/server_codec.h"
#include "dataplane/http/h2/test_client.h"

namespace fairlead::http::h2 {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// Literals without indexing (RFC 7541 §6.2.2), of names and values below 127 bytes.
std::string Block(const HeaderList& fields) {
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

std::string GetBlock() {
  return Block({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "test"}});
}

constexpr uint8_t kEndHeadersAndStream = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM;

// All went as it must when a limit is reached.
void ExpectCalm(TestClient& client, ConnectionLimit limit) {
  client.Exchange();
  EXPECT_THAT(client.limits_reached, ElementsAre(limit));
  EXPECT_THAT(client.goaways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_TRUE(client.closing);
}

TEST(ServerCodecAttacks, RapidReset) {
  TestClient client({.max_resets = 10});
  client.BeRaw();
  int32_t id = 1;
  const auto reset_one = [&] {
    client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, id, GetBlock()) +
                   Frame(NGHTTP2_RST_STREAM, 0, id, std::string({0, 0, 0, 8})));
    id += 2;
  };
  for (int i = 0; i < 10; ++i) reset_one();
  EXPECT_THAT(client.limits_reached, IsEmpty());
  client.time_ms += 60'000;
  for (int i = 0; i < 10; ++i) reset_one();
  EXPECT_THAT(client.limits_reached, IsEmpty()) << "so many again each minute";
  EXPECT_FALSE(client.closing);
  reset_one();
  ExpectCalm(client, ConnectionLimit::kResets);
}

TEST(ServerCodecAttacks, StreamsThatTheClientHasTheProxyReset) {
  TestClient client({.max_resets = 10});
  client.BeRaw();
  for (int i = 0; i < 11; ++i) {
    // A window beyond 2^31 - 1 is an error of its stream (RFC 9113 §6.9.1).
    client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 2 * i + 1, GetBlock()) +
                   Frame(NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1, "\x7f\xff\xff\xff"));
  }
  ExpectCalm(client, ConnectionLimit::kResets);
  for (int i = 0; i < 11; ++i) EXPECT_TRUE(client.request(i).error.has_value()) << i;
}

TEST(ServerCodecAttacks, MoreStreamsThanAllowed) {
  TestClient client({.max_concurrent_streams = 2, .max_resets = 3});
  client.BeRaw();
  std::string frames;
  for (int i = 0; i < 5; ++i) frames += Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 2 * i + 1, GetBlock());
  client.SendRaw(frames);
  client.Exchange();
  EXPECT_EQ(client.requests(), 2u);
  EXPECT_EQ(client.limits_reached.size(), 3u);
  EXPECT_THAT(client.limits_reached, Each(ConnectionLimit::kConcurrentStreams));
  EXPECT_FALSE(client.closing);
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 11, GetBlock()));
  client.Exchange();
  EXPECT_EQ(client.limits_reached.back(), ConnectionLimit::kResets);
  EXPECT_THAT(client.goaways, ElementsAre(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST(ServerCodecAttacks, StreamsBeyondTheLimitAreRefusedAndTheOthersGoOn) {
  TestClient client({.max_concurrent_streams = 1});
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 1, GetBlock()) +
                 Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 3, GetBlock()));
  client.request(0).Respond(200, "x");
  client.codec().Continue();
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 5, GetBlock()));
  EXPECT_EQ(client.requests(), 2u);
  EXPECT_EQ(client.request(1).path, "/");
}

TEST(ServerCodecAttacks, FramesThatCarryNothing) {
  const std::string kFloods[] = {
      Frame(NGHTTP2_PING, 0, 0, std::string(8, 'p')),
      Frame(NGHTTP2_SETTINGS, 0, 0, ""),
      Frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\3\1", 5)),
      Frame(NGHTTP2_PRIORITY_UPDATE, 0, 0, std::string("\0\0\0\1u=1", 7)),
      Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string({0, 0, 0, 1})),
      Frame(0x42, 0, 0, "unknown"),
  };
  for (const std::string& frame : kFloods) {
    SCOPED_TRACE(static_cast<int>(frame[3]));
    TestClient client({.max_control_frames = 100});
    client.BeRaw();
    client.SendRaw(Repeat(frame, 90));  // the handshake had some
    EXPECT_THAT(client.limits_reached, IsEmpty());
    client.SendRaw(Repeat(frame, 11));
    ExpectCalm(client, ConnectionLimit::kControlFrames);
  }
}

TEST(ServerCodecAttacks, EmptyData) {
  TestClient client({.max_control_frames = 100});
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, GetBlock()) +
                 Repeat(Frame(NGHTTP2_DATA, 0, 1, ""), 200));
  ExpectCalm(client, ConnectionLimit::kControlFrames);
  EXPECT_EQ(client.request(0).error, ClientError::kMalformed);
}

TEST(ServerCodecAttacks, PaddingAlone) {
  TestClient client({.max_control_frames = 100});
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, GetBlock()) +
                 Repeat(Frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\3\0\0\0", 4)), 200));
  ExpectCalm(client, ConnectionLimit::kControlFrames);
}

TEST(ServerCodecAttacks, Continuations) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, GetBlock()) +
                 Repeat(Frame(NGHTTP2_CONTINUATION, 0, 1, Block({{"a", "b"}})), 100));
  ExpectCalm(client, ConnectionLimit::kContinuations);
}

TEST(ServerCodecAttacks, AHeaderBlockThatNeverEnds) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, GetBlock()));
  client.time_ms += 999;
  client.codec().CheckTimes({.header_timeout_ms = 1000});
  EXPECT_THAT(client.limits_reached, IsEmpty());
  client.time_ms += 1;
  client.codec().CheckTimes({.header_timeout_ms = 1000});
  ExpectCalm(client, ConnectionLimit::kHeaderTimeout);
}

// Whoever logs a request that ended within its head reads what has come of it.
TEST(ServerCodecAttacks, AHeadThatIsCutOffCanBeRead) {
  const HeaderList long_field = {{"x", std::string(100, 'x')}};
  const auto cut_by = [&](auto cut) {
    TestClient client;
    client.BeRaw();
    client.SendRaw(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, GetBlock() + Block(long_field)));
    client.time_ms += 1000;
    cut(client);
    EXPECT_TRUE(client.request(0).error.has_value());
    EXPECT_EQ(client.request(0).path_at_end, "/");
    EXPECT_EQ(client.request(0).fields_at_end, long_field);
  };
  cut_by([](TestClient& client) { client.codec().ConnectionLost(ClientError::kDisconnected); });
  cut_by([](TestClient& client) { client.codec().ReceiveEnd(); });
  cut_by([](TestClient& client) { client.codec().CheckTimes({.header_timeout_ms = 1000}); });
  cut_by([](TestClient& client) {
    client.codec().CheckTimes({.header_timeout_ms = 9999, .request_timeout_ms = 1000, .idle_timeout_ms = 9999});
  });
  cut_by([](TestClient& client) { client.SendRaw(Frame(NGHTTP2_PING, 0, 0, "12345678")); });
  cut_by([](TestClient& client) { client.SendRaw(Frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, "\xff")); });
}

TEST(ServerCodecAttacks, WhatComesOfAHeadThatTookTooLongIsNobodys) {
  TestClient client;
  client.BeRaw();
  // The answer finds no window, so that its stream stays.
  client.SendRaw(Frame(NGHTTP2_SETTINGS, 0, 0, std::string({0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0, 0, 0, 0})) +
                 Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, GetBlock()));
  client.time_ms += 1000;
  client.codec().CheckTimes({.header_timeout_ms = 9999, .request_timeout_ms = 1000, .idle_timeout_ms = 9999});
  EXPECT_EQ(client.request(0).refused_with, 408);
  client.SendRaw(Frame(NGHTTP2_CONTINUATION, 0, 1, Block({{"a", "b"}})) +
                 Frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, Block({{"c", "d"}})));
  client.Exchange();
  EXPECT_TRUE(client.request(0).head.fields.empty());
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 3, GetBlock()));
  EXPECT_EQ(client.request(1).path, "/") << "the connection goes on";
}

TEST(ServerCodecAttacks, HpackBomb) {
  TestClient client;
  client.BeRaw();
  // One entry of nearly the table's size, then as many references to it as a frame takes.
  std::string block = GetBlock();
  block += std::string("\x40\x01x", 3);
  block += std::string("\x7f\x81\x1e", 3);  // 4,000 bytes: 127 + 1 + 30 * 128 + ...
  block += std::string(127 + 0x01 + 0x1e * 128, 'v');
  block += std::string(12'000, '\xbe');
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 1, block.substr(0, 16'384)));
  client.Exchange();
  EXPECT_THAT(client.request_limits, ElementsAre(RequestLimit::kHeaderBytes));
  EXPECT_EQ(client.request(0).refused_with, 431);
  EXPECT_FALSE(client.closing) << "the table is intact";
}

TEST(ServerCodecAttacks, PingsFromAClientThatDoesNotRead) {
  TestClient client({.max_control_frames = 1'000'000});
  client.BeRaw();
  client.StopReading();
  int sent = 0;
  for (; sent < 100 && client.receiving; ++sent) {
    client.SendRaw(Repeat(Frame(NGHTTP2_PING, 0, 0, std::string(8, 'p')), 900));
  }
  EXPECT_LT(sent, 20);
  EXPECT_LT(client.output().size(), 200'000u);
  EXPECT_LT(nghttp2_session_get_outbound_queue_size(client.session()), 5'000u);
}

TEST(ServerCodecAttacks, AClientThatTakesNothingAnyMore) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 1, GetBlock()));
  client.StopReading();
  client.request(0).Respond(200, std::string(65'000, 'x'));
  client.Exchange();
  client.time_ms += 59'999;
  EXPECT_TRUE(client.codec().CheckTimes({.header_timeout_ms = 1, .idle_timeout_ms = 60'000}));
  client.time_ms += 1;
  EXPECT_FALSE(client.codec().CheckTimes({.header_timeout_ms = 1, .idle_timeout_ms = 60'000}));
}

TEST(ServerCodecAttacks, AClientThatDoesNotReadItsEnd) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 1, GetBlock()));
  client.StopReading();
  client.request(0).Respond(200, std::string(200'000, 'x'));
  client.Exchange();
  client.SendRaw(Frame(NGHTTP2_RST_STREAM, 0, 1, "code") + Frame(NGHTTP2_DATA, 0, 1, "too late"));
  EXPECT_FALSE(client.codec().idle());
  client.time_ms += 2000;
  EXPECT_FALSE(client.codec().CheckTimes({.header_timeout_ms = 1, .idle_timeout_ms = 60'000}));
}

TEST(ServerCodecAttacks, ResetsOfWhatWasAnsweredUndoNothing) {
  TestClient client({.max_resets = 3, .max_control_frames = 100});
  client.BeRaw();
  for (int i = 0; i < 20; ++i) {
    client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 2 * i + 1, GetBlock()));
    client.request(i).Respond(200, "x");
    client.SendRaw(Frame(NGHTTP2_RST_STREAM, 0, 2 * i + 1, std::string({0, 0, 0, 8})));
  }
  EXPECT_THAT(client.limits_reached, IsEmpty());
  client.SendRaw(Repeat(Frame(NGHTTP2_RST_STREAM, 0, 1, std::string({0, 0, 0, 8})), 100));
  ExpectCalm(client, ConnectionLimit::kControlFrames);
}

TEST(ServerCodecAttacks, AWindowThatStaysShut) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_SETTINGS, 0, 0, std::string({0, 4, 0, 0, 0, 0})));
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 1, GetBlock()));
  client.request(0).Respond(200, "never taken");
  client.Exchange();
  client.time_ms += 60'000;
  client.codec().CheckTimes({.header_timeout_ms = 1, .idle_timeout_ms = 60'000});
  client.codec().Continue();
  EXPECT_THAT(client.limits_reached, ElementsAre(ConnectionLimit::kReaderTimeout));
  EXPECT_TRUE(client.codec().idle());
}

TEST(ServerCodecAttacks, AStreamThatIsReadTooSlowly) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_SETTINGS, 0, 0, std::string({0, 4, 0, 0, 0, 10})));
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 1, GetBlock()));
  client.request(0).SendHead(200);
  client.request(0).SendData(std::string(1000, 'x'));
  for (int second = 0; second < 7; ++second) {
    client.Exchange();
    client.time_ms += 1000;
    client.codec().CheckTimes({.header_timeout_ms = 1, .idle_timeout_ms = 60'000, .min_client_rate = 100});
  }
  EXPECT_THAT(client.limits_reached, ElementsAre(ConnectionLimit::kSlowReader));
  EXPECT_EQ(client.request(0).error, ClientError::kTooSlow);
}

TEST(ServerCodecAttacks, ABodyThatComesTooSlowly) {
  TestClient client;
  client.Exchange();
  const int32_t slow = client.Get("/slow", {}, false);
  client.Get("/held", {}, false);
  client.Exchange();
  client.request(1).stream().PauseBody();
  for (int second = 0; second < 7; ++second) {
    client.Exchange();
    client.time_ms += 1000;
    client.codec().CheckTimes({.header_timeout_ms = 1, .idle_timeout_ms = 60'000, .min_client_rate = 100});
  }
  client.Exchange();
  EXPECT_THAT(client.limits_reached, ElementsAre(ConnectionLimit::kSlowBody));
  EXPECT_EQ(client.response(slow).status, "408");
  EXPECT_EQ(client.request(1).error, std::nullopt) << "the server is the slow one";
}

TEST(ServerCodecAttacks, ARequestThatTakesTooLong) {
  TestClient client;
  const int32_t id = client.Get("/", {}, false);
  client.Exchange();
  client.time_ms += 5000;
  client.codec().CheckTimes({.header_timeout_ms = 1, .request_timeout_ms = 5000, .idle_timeout_ms = 60'000});
  client.Exchange();
  EXPECT_EQ(client.response(id).status, "408");
  EXPECT_EQ(client.response(id).reset, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.request(0).refused_with, 408);
}

TEST(ServerCodecAttacks, FramesForStreamsThatAreOver) {
  for (const std::string& frame : {Frame(NGHTTP2_DATA, 0, 1, "x"), Frame(NGHTTP2_HEADERS, 5, 1, GetBlock())}) {
    TestClient client;
    client.BeRaw();
    client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 1, GetBlock()));
    client.request(0).Respond(200, "x");
    client.Exchange();
    client.SendRaw(frame);
    client.Exchange();
    EXPECT_THAT(client.goaways, ElementsAre(NGHTTP2_STREAM_CLOSED));
  }
}

TEST(ServerCodecAttacks, FramesForStreamsThatWereNeverOpened) {
  for (bool at_once : {true, false}) {
    TestClient client;
    client.BeRaw();
    const std::string opening = Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 5, GetBlock());
    const std::string smaller = Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 3, GetBlock());
    if (at_once) {
      client.SendRaw(opening + smaller);
    } else {
      client.SendRaw(opening);
      client.SendRaw(smaller);
    }
    client.Exchange();
    EXPECT_THAT(client.goaways, ElementsAre(NGHTTP2_PROTOCOL_ERROR)) << at_once;
  }
}

TEST(ServerCodecAttacks, DataBehindTheClientsOwnReset) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, GetBlock()) +
                 Frame(NGHTTP2_RST_STREAM, 0, 1, "code") + Frame(NGHTTP2_DATA, 0, 1, "x"));
  client.Exchange();
  EXPECT_THAT(client.goaways, ElementsAre(NGHTTP2_STREAM_CLOSED));
}

TEST(ServerCodecAttacks, FramesForStreamsThatWereResetMayCross) {
  TestClient client;
  client.BeRaw();
  client.SendRaw(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, GetBlock()));
  client.request(0).stream().SendError(413, "", HeadEdits());
  client.Exchange();
  client.SendRaw(Repeat(Frame(NGHTTP2_DATA, 0, 1, std::string(1000, 'x')), 100));
  client.Exchange();
  EXPECT_THAT(client.goaways, IsEmpty());
  client.SendRaw(Frame(NGHTTP2_HEADERS, kEndHeadersAndStream, 3, GetBlock()));
  EXPECT_EQ(client.requests(), 2u);
}

TEST(ServerCodecAttacks, APrefaceThatIsNone) {
  TestClient client;
  client.codec().Receive(client.Bytes("GET / HTTP/1.1\r\nHost: test\r\n\r\n"));
  client.codec().Continue();
  EXPECT_TRUE(client.closing);
  EXPECT_EQ(client.requests(), 0u);
}

}  // namespace
}  // namespace fairlead::http::h2
