#include "dataplane/http/h2/header_block.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dataplane/http/ascii.h"
#include "dataplane/http/h2/test_heads.h"

namespace fairlead::http::h2 {
namespace {

// "name: value" LF each, names as nghttp2 sends them: in lower case.
std::string Text(const HeaderBlock& block) {
  std::string text;
  for (size_t i = 0; i < block.size(); ++i) {
    const nghttp2_nv& pair = block.data()[i];
    for (size_t j = 0; j < pair.namelen; ++j) text += ToLower(static_cast<char>(pair.name[j]));
    text += ": ";
    text.append(reinterpret_cast<const char*>(pair.value), pair.valuelen);
    text += '\n';
  }
  return text;
}

std::string Forward(const RequestHead& head, const HeadEdits& edits = {}) {
  HeaderBlock block;
  block.WriteRequest(head, edits, "http");
  return Text(block);
}

std::string Forward(const ResponseHead& head, const ResponseOptions& options = {}) {
  HeaderBlock block;
  block.WriteResponse(head, options);
  return Text(block);
}

constexpr std::string_view kGet = ":method: GET\n:scheme: http\n:path: /\n:authority: a\n";

class HeaderBlockTest : public testing::Test {
 protected:
  TestHeads heads_;
};

TEST_F(HeaderBlockTest, HasPseudoHeaderFieldsInFrontOfTheOthersInTheirOrder) {
  EXPECT_EQ(
      Forward(heads_.Request("GET", "/a?b", "a:81", {{"Accept", "*/*"}, {"Host", "x"}, {"x-a", "1"}, {"X-A", "2"}})),
      ":method: GET\n:scheme: http\n:path: /a?b\n:authority: a:81\naccept: */*\nx-a: 1\nx-a: 2\n");
  EXPECT_EQ(Forward(heads_.Response(404, {{"Server", "x"}, {"Content-Length", "0"}})),
            ":status: 404\nserver: x\ncontent-length: 0\n");
}

TEST_F(HeaderBlockTest, LeavesOutTheFieldsOfOneHop) {
  EXPECT_EQ(Forward(heads_.Request("GET", "/", "a",
                                   {{"Connection", "keep-alive"},
                                    {"Keep-Alive", "timeout=5"},
                                    {"Proxy-Connection", "close"},
                                    {"Upgrade", "h2c"},
                                    {"HTTP2-Settings", "AAMAAABk"},
                                    {"TE", "gzip"},
                                    {"Transfer-Encoding", "chunked"},
                                    {"Trailer", "X"},
                                    {"Expect", "100-continue"},
                                    {"B", "2"}})),
            std::string(kGet) + "b: 2\n");
  EXPECT_EQ(Forward(heads_.Response(204, {{"Connection", "close"}, {"Keep-Alive", "timeout=5"}, {"B", "2"}})),
            ":status: 204\nb: 2\n");
}

TEST_F(HeaderBlockTest, LeavesOutTheFieldsThatConnectionNames) {
  RequestHead head = heads_.Request("GET", "/", "a",
                                    {{"X-A", "1"},
                                     {"Connection", "x-a ,, close"},
                                     {"X-B", "2"},
                                     {"Connection", "X-C, te"},
                                     {"x-c", "3"},
                                     {"TE", "trailers"}});
  head.connection_options = true;
  EXPECT_EQ(Forward(head), std::string(kGet) + "x-b: 2\nte: trailers\n");
}

TEST_F(HeaderBlockTest, ConnectionNeverRemovesWhatEditsBring) {
  RequestHead head = heads_.Request("GET", "/", "a", {{"Via", "x"}, {"Connection", "via"}});
  head.connection_options = true;
  HeadEdits edits;
  edits.fields.Add("Via", "2 fairlead");
  EXPECT_EQ(Forward(head, edits), std::string(kGet) + "via: 2 fairlead\n");
}

TEST_F(HeaderBlockTest, SaysHowTheRequestIsFramed) {
  RequestHead head = heads_.Request("POST", "/", "a", {{"Content-Length", "00012"}, {"Expect", "100-continue"}});
  head.framing = BodyFraming::kContentLength;
  head.content_length = 12;
  head.expects_continue = true;
  EXPECT_EQ(Forward(head),
            ":method: POST\n:scheme: http\n:path: /\n:authority: a\nexpect: 100-continue\ncontent-length: 12\n");
  head = heads_.Request("POST", "/", "a", {{"Transfer-Encoding", "chunked"}, {"Trailer", "X"}});
  head.framing = BodyFraming::kStreamed;
  EXPECT_EQ(Forward(head), ":method: POST\n:scheme: http\n:path: /\n:authority: a\ntrailer: X\n");
}

TEST_F(HeaderBlockTest, AnnouncesAnEmptyBodyWhereOneIsUsual) {
  EXPECT_EQ(Forward(heads_.Request("POST", "/", "a")),
            ":method: POST\n:scheme: http\n:path: /\n:authority: a\ncontent-length: 0\n");
  EXPECT_EQ(Forward(heads_.Request("GET", "/", "a", {{"content-length", "0"}})),
            std::string(kGet) + "content-length: 0\n");
  EXPECT_EQ(Forward(heads_.Request("GET", "/", "a")), kGet);
}

TEST_F(HeaderBlockTest, OfTeOnlyTrailersGoOn) {
  RequestHead head = heads_.Request("GET", "/", "a", {{"TE", "gzip;q=0.5, Trailers"}});
  EXPECT_EQ(Forward(head), std::string(kGet) + "te: trailers\n");
  head.minor_version = 0;
  EXPECT_EQ(Forward(head), kGet);
}

TEST_F(HeaderBlockTest, TargetsAreNeverEmptyAndMayBeAnothers) {
  EXPECT_EQ(Forward(heads_.Request("GET", "?b", "a")), ":method: GET\n:scheme: http\n:path: /?b\n:authority: a\n");
  EXPECT_EQ(Forward(heads_.Request("OPTIONS", "", "a")), ":method: OPTIONS\n:scheme: http\n:path: *\n:authority: a\n");
  RequestHead head = heads_.Request("GET", "//x", "a");
  head.ReplaceTarget("/x");
  EXPECT_EQ(Forward(head), ":method: GET\n:scheme: http\n:path: /x\n:authority: a\n");
  HeadEdits edits;
  edits.target = "/rewritten";
  edits.host = "inner";
  EXPECT_EQ(Forward(head, edits), ":method: GET\n:scheme: http\n:path: /rewritten\n:authority: inner\n");
}

TEST_F(HeaderBlockTest, EditsDropAndBringFields) {
  HeadEdits edits;
  edits.fields.Set("X-A", "new");
  edits.fields.Remove("X-B");
  edits.fields.Add("X-C", "");
  EXPECT_EQ(Forward(heads_.Request("GET", "/", "a", {{"x-a", "old"}, {"x-b", "1"}, {"x-c", "2"}}), edits),
            std::string(kGet) + "x-c: 2\nx-a: new\nx-c: \n");
}

// RFC 7541 §7.1.3: whoever sends it on must not enter it into a table either.
TEST_F(HeaderBlockTest, FieldsThatAreNeverIndexedStaySo) {
  FieldList fields = heads_.List({{"a", "1"}});
  FieldList::Field secret = *fields.begin();
  secret.never_indexed = true;
  fields.Add(secret);
  HeaderBlock block;
  RequestHead head = heads_.Request("GET", "/", "a");
  head.fields = fields;
  block.WriteRequest(head, {}, "http");
  ASSERT_EQ(block.size(), 6u);
  EXPECT_EQ(block.data()[4].flags & NGHTTP2_NV_FLAG_NO_INDEX, 0);
  EXPECT_EQ(block.data()[5].flags & NGHTTP2_NV_FLAG_NO_INDEX, NGHTTP2_NV_FLAG_NO_INDEX);
}

TEST_F(HeaderBlockTest, ConnectNamesAnAuthorityAlone) {
  EXPECT_EQ(Forward(heads_.Request("CONNECT", "b:443", "b:443", {{"X", "1"}})),
            ":method: CONNECT\n:authority: b:443\nx: 1\n");
}

TEST_F(HeaderBlockTest, AnUpgradeBecomesAnExtendedConnect) {
  RequestHead head = heads_.Request("GET", "/chat", "a",
                                    {{"Connection", "Upgrade"},
                                     {"Upgrade", "websocket"},
                                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                     {"Sec-WebSocket-Version", "13"}});
  HeadEdits edits;
  edits.upgrade = "websocket";
  edits.fields.Add("Sec-WebSocket-Key", "made by the proxy");
  EXPECT_EQ(Forward(head, edits),
            ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /chat\n:authority: a\n"
            "sec-websocket-version: 13\n");
  ResponseHead response = heads_.Response(101, {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "x"}, {"A", "1"}});
  response.framing = BodyFraming::kTunnel;
  EXPECT_EQ(Forward(response), ":status: 200\na: 1\n");
}

TEST_F(HeaderBlockTest, SaysHowTheResponseIsFramed) {
  ResponseHead head = heads_.Response(200, {{"Content-Length", "5"}});
  head.framing = BodyFraming::kContentLength;
  head.content_length = 5;
  EXPECT_EQ(Forward(head), ":status: 200\ncontent-length: 5\n");
  head = heads_.Response(200);
  EXPECT_EQ(Forward(head), ":status: 200\ncontent-length: 0\n");
  EXPECT_EQ(Forward(head, {.request_method = Method::kHead}), ":status: 200\n");
  EXPECT_EQ(Forward(heads_.Response(304)), ":status: 304\n");
  head = heads_.Response(200, {{"Content-Length", "5"}});
  head.content_length = 5;
  EXPECT_EQ(Forward(head, {.request_method = Method::kHead}), ":status: 200\ncontent-length: 5\n");
  head = heads_.Response(200, {{"Trailer", "X"}});
  head.framing = BodyFraming::kUntilClose;
  EXPECT_EQ(Forward(head), ":status: 200\ntrailer: X\n");
  EXPECT_EQ(Forward(heads_.Response(204, {{"Content-Length", "5"}})), ":status: 204\n");
}

TEST_F(HeaderBlockTest, DatesFinalResponsesThatHaveNone) {
  EXPECT_EQ(Forward(heads_.Response(200), {.request_method = Method::kHead, .date = "now"}),
            ":status: 200\ndate: now\n");
  EXPECT_EQ(Forward(heads_.Response(200, {{"Date", "then"}}), {.request_method = Method::kHead, .date = "now"}),
            ":status: 200\ndate: then\n");
  EXPECT_EQ(Forward(heads_.Response(103, {{"Link", "x"}}), {.date = "now"}), ":status: 103\nlink: x\n");
}

TEST_F(HeaderBlockTest, WritesTheProxysOwnResponses) {
  FieldEdits edits;
  edits.Set("Content-Type", "text/plain");
  HeaderBlock block;
  block.WriteFixed(503, 7, "now", edits);
  EXPECT_EQ(Text(block), ":status: 503\ncontent-type: text/plain\ndate: now\ncontent-length: 7\n");
  HeaderBlock without_body;
  without_body.WriteFixed(204, 0, "", edits);
  EXPECT_EQ(Text(without_body), ":status: 204\ncontent-type: text/plain\n");
}

TEST_F(HeaderBlockTest, WritesTrailersAndManyFields) {
  HeaderBlock block;
  block.WriteTrailers(heads_.List({{"Grpc-Status", "0"}, {"x", ""}}));
  EXPECT_EQ(Text(block), "grpc-status: 0\nx: \n");
  HeaderBlock large;
  for (int i = 0; i < 200; ++i) large.Add("a", "1");
  EXPECT_EQ(large.size(), 200u);
}

}  // namespace
}  // namespace fairlead::http::h2
