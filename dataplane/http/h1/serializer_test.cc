#include "dataplane/http/h1/serializer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "dataplane/http/h1/chunked_decoder.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/response_parser.h"

namespace fairlead::http::h1 {
namespace {

// What `write` writes into room of `max_size`, which AddressSanitizer guards.
template <typename Write>
std::string Written(size_t max_size, Write write) {
  const auto room = std::make_unique<char[]>(max_size);
  char* const end = write(room.get());
  EXPECT_LE(end, room.get() + max_size);
  return std::string(room.get(), end);
}

RequestHead ParseRequest(std::string_view bytes) {
  const HeadLimits limits;
  RequestParser parser(&limits);
  RequestHead head;
  const ParseResult result = parser.Parse(bytes, &head);
  EXPECT_EQ(result.outcome, ParseResult::Outcome::kDone) << bytes << (result.reason == nullptr ? "" : result.reason);
  return head;
}

std::string ForwardRequest(std::string_view bytes, const HeadEdits& edits = {}) {
  const RequestHead head = ParseRequest(bytes);
  return Written(MaxRequestHeadSize(head, edits), [&](char* out) { return WriteRequestHead(head, edits, out); });
}

std::string ForwardResponse(std::string_view bytes, const ResponseOptions& options = {}) {
  const HeadLimits limits;
  ResponseParser parser(&limits);
  ResponseHead head;
  const ParseResult result = parser.Parse(bytes, options.request_method, &head);
  EXPECT_EQ(result.outcome, ParseResult::Outcome::kDone) << bytes << (result.reason == nullptr ? "" : result.reason);
  return Written(MaxResponseHeadSize(head, options), [&](char* out) { return WriteResponseHead(head, options, out); });
}

TEST(RequestSerializer, SendsEndToEndFieldsInTheirOrder) {
  EXPECT_EQ(
      ForwardRequest("GET /a?b HTTP/1.1\r\nAccept: */*\r\nHost: a\r\nx-lower: 1\r\nX-Again: 2\r\nx-again: 3\r\n\r\n"),
      "GET /a?b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nx-lower: 1\r\nX-Again: 2\r\nx-again: 3\r\n\r\n");
}

TEST(RequestSerializer, WritesWhiteSpaceAroundValuesAnew) {
  EXPECT_EQ(
      ForwardRequest("GET / HTTP/1.1\r\nHost:a\r\nA:1\r\nB:  2\r\nC: 3 \r\nD:\t4\r\nE: 5\r\nF:\r\nG: \r\nH:  \r\n\r\n"),
      "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: \r\nG: \r\nH: \r\n\r\n");
}

TEST(RequestSerializer, RemovesHopByHopFields) {
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
                           "Proxy-Connection: close\r\nUpgrade: h2c\r\nTE: gzip\r\nTrailer: X\r\nB: 2\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n");
}

TEST(RequestSerializer, RemovesTheFieldsThatConnectionNames) {
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nConnection: x-a ,, close\r\nX-B: 2\r\n"
                           "Connection: X-C\r\nX-C: 3\r\nx-c: 4\r\nX-AA: 5\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nX-B: 2\r\nX-AA: 5\r\n\r\n");
}

TEST(RequestSerializer, LetsConnectionRemoveNeitherHostNorFramingNorExpect) {
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\nConnection: host, content-length, expect\r\n"
                           "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\nConnection: transfer-encoding\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 0\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

TEST(RequestSerializer, WritesLengthsInCanonicalForm) {
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00012\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n");
}

TEST(RequestSerializer, AnnouncesAnEmptyBodyWhereOneIsUsual) {
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(ForwardRequest("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"), "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestSerializer, KeepsTrailerBeforeTrailers) {
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\nTransfer-Encoding: Chunked\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(RequestSerializer, PassesOnThatTrailersAreWelcome) {
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestSerializer, DropsAnExpectationThatWasIgnored) {
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
}

TEST(RequestSerializer, TurnsAbsoluteTargetsIntoPaths) {
  EXPECT_EQ(ForwardRequest("GET http://b:81/c?d HTTP/1.1\r\nHost: a\r\n\r\n"),
            "GET /c?d HTTP/1.1\r\nHost: b:81\r\n\r\n");
  EXPECT_EQ(ForwardRequest("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n"), "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(ForwardRequest("GET http://b?c HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /?c HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(ForwardRequest("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(ForwardRequest("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestSerializer, FillsInTheHostThatHttp10MayLeaveOut) {
  HeadEdits edits;
  edits.host = "server:8080";
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.0\r\n\r\n", edits), "GET / HTTP/1.1\r\nHost: server:8080\r\n\r\n");
}

TEST(RequestSerializer, AppendsTheProxysOwnFieldsWhateverConnectionNames) {
  HeadEdits edits;
  edits.fields.Add("X-Forwarded-For", "127.0.0.1");
  edits.fields.Add("X-Empty", "");
  EXPECT_EQ(
      ForwardRequest("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: b\r\nConnection: x-forwarded-for\r\nC: d\r\n\r\n",
                     edits),
      "GET / HTTP/1.1\r\nHost: a\r\nC: d\r\nX-Forwarded-For: 127.0.0.1\r\nX-Empty: \r\n\r\n");
}

TEST(RequestSerializer, WritesAnotherTargetAndHost) {
  HeadEdits edits;
  edits.target = "/b?x";
  edits.host = "inner:81";
  const std::string_view expected = "GET /b?x HTTP/1.1\r\nHost: inner:81\r\nA: 1\r\n\r\n";
  EXPECT_EQ(ForwardRequest("GET /a HTTP/1.1\r\nHost: outer\r\nA: 1\r\n\r\n", edits), expected);
  EXPECT_EQ(ForwardRequest("GET http://abs/a?y HTTP/1.1\r\nA: 1\r\nHost: outer\r\n\r\n", edits), expected);
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.0\r\nA: 1\r\n\r\n", edits), expected);
}

TEST(RequestSerializer, RemovesSetsAndAddsFields) {
  HeadEdits edits;
  edits.fields.Remove("b");
  edits.fields.Set("C", "new");
  edits.fields.Add("A", "2");
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 1\r\nc: 1\r\nBB: 1\r\nC: 2\r\nD: 1\r\n\r\n", edits),
            "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nBB: 1\r\nD: 1\r\nC: new\r\nA: 2\r\n\r\n");
}

TEST(RequestSerializer, WritesFramingBehindTheFieldsThatEditsBring) {
  HeadEdits edits;
  edits.fields.Set("A", "1");
  EXPECT_EQ(ForwardRequest("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTE: trailers\r\nB: 1\r\n\r\n", edits),
            "POST / HTTP/1.1\r\nHost: a\r\nB: 1\r\nA: 1\r\nContent-Length: 5\r\nTE: trailers\r\n"
            "Connection: TE\r\n\r\n");
}

TEST(RequestSerializer, WritesHeadsWhoseFieldsLieInAnyOrder) {
  const std::string_view bytes = "valueX-NameGET/aAhost";
  RequestHead head;
  head.SetBase(bytes.data());
  head.method = Method::kGet;
  head.method_text = {11, 3};
  head.target = {14, 2};
  head.authority = {17, 4};
  head.fields.Add({.name_offset = 5, .value_offset = 0, .value_size = 5, .name_size = 6, .known = KnownField::kOther});
  head.fields.Add(
      {.name_offset = 16, .value_offset = 17, .value_size = 0, .name_size = 1, .known = KnownField::kOther});
  EXPECT_EQ(Written(MaxRequestHeadSize(head, {}), [&](char* out) { return WriteRequestHead(head, {}, out); }),
            "GET /a HTTP/1.1\r\nHost: host\r\nX-Name: value\r\nA: \r\n\r\n");
}

TEST(RequestSerializer, WritesFieldsThatOnlyLookLikeNeighbours) {
  const std::string_view bytes = "A: 1..B: 2";
  RequestHead head;
  head.SetBase(bytes.data());
  head.fields.Add({.name_offset = 0, .value_offset = 3, .value_size = 1, .name_size = 1, .known = KnownField::kOther});
  head.fields.Add({.name_offset = 6, .value_offset = 9, .value_size = 1, .name_size = 1, .known = KnownField::kOther});
  EXPECT_EQ(Written(MaxRequestHeadSize(head, {}), [&](char* out) { return WriteRequestHead(head, {}, out); }),
            " * HTTP/1.1\r\nHost: \r\nA: 1\r\nB: 2\r\n\r\n");
}

TEST(RequestSerializer, TakesNothingBeforeTheFirstFieldForALine) {
  const std::string_view bytes = "\r\nA: 1";
  RequestHead head;
  head.SetBase(bytes.data());
  head.fields.Add({.name_offset = 2, .value_offset = 5, .value_size = 1, .name_size = 1, .known = KnownField::kOther});
  EXPECT_EQ(Written(MaxRequestHeadSize(head, {}), [&](char* out) { return WriteRequestHead(head, {}, out); }),
            " * HTTP/1.1\r\nHost: \r\nA: 1\r\n\r\n");
}

TEST(RequestSerializer, StopsAtTheOptionsThatItHasRoomFor) {
  std::string bytes = "Connection: ";
  for (int i = 10; i < 60; ++i) bytes += std::to_string(i) + ",";  // more than the parser lets through
  bytes += "\r\n10: a\r\n59: b";
  const uint32_t value_size = static_cast<uint32_t>(bytes.find('\r')) - 12;
  RequestHead head;
  head.SetBase(bytes.data());
  head.connection_options = true;
  head.fields.Add({.name_offset = 0,
                   .value_offset = 12,
                   .value_size = value_size,
                   .name_size = 10,
                   .known = KnownField::kConnection});
  const uint32_t next = 12 + value_size + 2;
  head.fields.Add(
      {.name_offset = next, .value_offset = next + 4, .value_size = 1, .name_size = 2, .known = KnownField::kOther});
  head.fields.Add({.name_offset = next + 7,
                   .value_offset = next + 11,
                   .value_size = 1,
                   .name_size = 2,
                   .known = KnownField::kOther});
  EXPECT_EQ(Written(MaxRequestHeadSize(head, {}), [&](char* out) { return WriteRequestHead(head, {}, out); }),
            " * HTTP/1.1\r\nHost: \r\n59: b\r\n\r\n");
}

TEST(ResponseSerializer, GivesAResponseOfHttp2AReasonPhrase) {
  for (const auto& [status, line] :
       {std::pair(200, "HTTP/1.1 200 OK\r\n"), std::pair(511, "HTTP/1.1 511 Network Authentication Required\r\n"),
        std::pair(599, "HTTP/1.1 599 ")}) {
    ResponseHead head;
    head.status = status;
    head.http2 = true;
    const ResponseOptions options;
    const std::string written =
        Written(MaxResponseHeadSize(head, options), [&](char* out) { return WriteResponseHead(head, options, out); });
    EXPECT_TRUE(written.starts_with(line)) << written;
  }
}

TEST(ResponseSerializer, SendsEndToEndFieldsInTheirOrder) {
  EXPECT_EQ(ForwardResponse("HTTP/1.1 200 Fine\r\nServer: x\r\nConnection: keep-alive, x-a\r\nX-A: b\r\n"
                            "Keep-Alive: timeout=5\r\nContent-Length: 007\r\nETag: \"c\"\r\n\r\n"),
            "HTTP/1.1 200 Fine\r\nServer: x\r\nETag: \"c\"\r\nContent-Length: 7\r\n\r\n");
}

TEST(ResponseSerializer, ChunksForHttp11WhatHasNoLength) {
  const std::string_view chunked = "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string_view until_close = "HTTP/1.0 200 OK\r\n\r\n";
  EXPECT_EQ(ForwardResponse(chunked), "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(ForwardResponse(until_close), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(ForwardResponse(chunked, {.client_minor_version = 0}), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(ForwardResponse(until_close, {.client_minor_version = 0}), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(ResponseSerializer, SaysWhatBecomesOfTheConnection) {
  const std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(ForwardResponse(bytes, {.keep_alive = false}),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(ForwardResponse(bytes, {.client_minor_version = 0, .keep_alive = true}),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(ForwardResponse(bytes, {.client_minor_version = 0, .keep_alive = false}),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
}

TEST(ResponseSerializer, AnnouncesLengthsOnlyWhereTheyBelong) {
  EXPECT_EQ(ForwardResponse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {.request_method = Method::kHead}),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {.request_method = Method::kHead}),
            "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 Not Modified\r\n\r\n"), "HTTP/1.1 304 Not Modified\r\n\r\n");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
            "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseSerializer, SaysThatABodyIsEmptyWhereNothingElseDoes) {
  ResponseHead head;  // as HTTP/2 may bring it
  head.status = 200;
  EXPECT_EQ(Written(MaxResponseHeadSize(head, {}), [&](char* out) { return WriteResponseHead(head, {}, out); }),
            "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseSerializer, SendsInterimResponsesBare) {
  EXPECT_EQ(ForwardResponse("HTTP/1.1 103 Early Hints\r\nLink: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
                            {.keep_alive = false, .date = "now"}),
            "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
}

TEST(ResponseSerializer, AddsTheDateThatIsMissing) {
  const ResponseOptions options = {.date = "Sun, 06 Nov 1994 08:49:37 GMT"};
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 x\r\n\r\n", options),
            "HTTP/1.1 304 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 x\r\ndate: y\r\n\r\n", options), "HTTP/1.1 304 x\r\ndate: y\r\n\r\n");
}

TEST(ResponseSerializer, AppendsTheProxysOwnFields) {
  FieldEdits edits;
  edits.Add("Via", "1.1 fairlead");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 x\r\nA: b\r\n\r\n", {.edits = &edits}),
            "HTTP/1.1 304 x\r\nA: b\r\nVia: 1.1 fairlead\r\n\r\n");
}

TEST(RequestSerializer, AsksForTheUpgradeThatEditsName) {
  HeadEdits edits;
  edits.upgrade = "websocket";
  EXPECT_EQ(ForwardRequest("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, Upgrade, X-A\r\nUpgrade: h2c, websocket\r\n"
                           "X-A: 1\r\nTE: trailers\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nB: 1\r\n\r\n",
                           edits),
            "GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(RequestSerializer, SendsConnectToItsAuthority) {
  EXPECT_EQ(ForwardRequest("CONNECT a:443 HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\nC: d\r\n\r\n"),
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nC: d\r\n\r\n");
}

TEST(ResponseSerializer, WritesTheHeadsOfTunnelsWithoutFraming) {
  const auto forward = [](std::string_view bytes, const ResponseOptions& options) {
    const HeadLimits limits;
    ResponseParser parser(&limits);
    ResponseHead head;
    EXPECT_EQ(parser.Parse(bytes, options.request_method, &head).outcome, ParseResult::Outcome::kDone);
    head.framing = BodyFraming::kTunnel;
    return Written(MaxResponseHeadSize(head, options),
                   [&](char* out) { return WriteResponseHead(head, options, out); });
  };
  EXPECT_EQ(forward("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WEBSOCKET\r\nConnection: upgrade, x-a\r\nX-A: 1\r\n"
                    "Sec-WebSocket-Accept: b\r\nTransfer-Encoding: chunked\r\n\r\n",
                    {.date = "now", .upgrade = "websocket"}),
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: b\r\nConnection: upgrade\r\n"
            "Upgrade: websocket\r\n\r\n");
  for (const uint8_t version : {0, 1}) {
    EXPECT_EQ(forward("HTTP/1.1 200 Connected\r\nContent-Length: 5\r\nA: b\r\n\r\n",
                      {.request_method = Method::kConnect, .client_minor_version = version, .keep_alive = false}),
              "HTTP/1.1 200 Connected\r\nA: b\r\n\r\n");
  }
}

TEST(ResponseSerializer, SaysWhichUpgradeIsRequired) {
  EXPECT_EQ(ForwardResponse("HTTP/1.1 426 x\r\nContent-Length: 0\r\nUpgrade: foo\r\n\r\n",
                            {.keep_alive = false, .upgrade = "foo"}),
            "HTTP/1.1 426 x\r\nConnection: upgrade\r\nUpgrade: foo\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(ResponseSerializer, WritesOneDateWhateverEditsSay) {
  const std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
  FieldEdits edits;
  edits.Set("Date", "mine");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 x\r\n\r\n", {.date = date, .edits = &edits}),
            "HTTP/1.1 304 x\r\nDate: mine\r\n\r\n");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 x\r\nDate: y\r\n\r\n", {.date = date, .edits = &edits}),
            "HTTP/1.1 304 x\r\nDate: mine\r\n\r\n");
  edits.Clear();
  edits.Remove("Date");
  EXPECT_EQ(ForwardResponse("HTTP/1.1 304 x\r\nDate: y\r\n\r\n", {.date = date, .edits = &edits}),
            "HTTP/1.1 304 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(ChunkSerializer, WritesWhatTheDecoderReads) {
  const auto header = [](uint64_t size) {
    return Written(kMaxChunkHeaderSize, [&](char* out) { return WriteChunkHeader(size, out); });
  };
  EXPECT_EQ(header(1), "1\r\n");
  EXPECT_EQ(header(255), "ff\r\n");
  EXPECT_EQ(header(UINT64_MAX), "ffffffffffffffff\r\n");
  const std::string body = header(5) + "hello" + std::string(kChunkEnd) + std::string(kLastChunk);
  const Decoded decoded = DecodeInPieces(body, AllAtOnce());
  EXPECT_EQ(decoded.kind, ChunkedDecoder::Kind::kEnd);
  EXPECT_EQ(decoded.data, "hello");
}

TEST(ChunkSerializer, WritesTrailers) {
  const ChunkLimits limits;
  ChunkedDecoder decoder(&limits);
  FieldList trailers;
  ASSERT_EQ(decoder.Next("0\r\nA:b\r\nC: d\r\nE: f\r\n\r\n", &trailers).kind, ChunkedDecoder::Kind::kEnd);
  EXPECT_EQ(Written(MaxLastChunkSize(trailers), [&](char* out) { return WriteLastChunk(trailers, out); }),
            "0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n");
  trailers.Clear();
  EXPECT_EQ(Written(MaxLastChunkSize(trailers), [&](char* out) { return WriteLastChunk(trailers, out); }), kLastChunk);
}

}  // namespace
}  // namespace fairlead::http::h1
