#include "dataplane/http/h1/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h1/hostile_requests.h"
#include "dataplane/http/h1/piecewise.h"

namespace fairlead::http::h1 {
namespace {

using testing::HasSubstr;
using Outcome = ParseResult::Outcome;

// The head in `bytes`, which it must outlive, and which must be good.
RequestHead Parse(std::string_view bytes) {
  const HeadLimits limits;
  RequestParser parser(&limits);
  RequestHead head;
  const ParseResult result = parser.Parse(bytes, &head);
  EXPECT_EQ(result.outcome, Outcome::kDone) << bytes << (result.reason == nullptr ? "" : result.reason);
  EXPECT_EQ(result.head_size, bytes.size());
  return head;
}

void ExpectOutcomeIndependentOfPieces(std::string_view bytes, const Parsed& whole, const HeadLimits& limits = {}) {
  EXPECT_EQ(ParseRequestInPieces(bytes, OneByOne(), limits), whole);
  for (uint32_t seed = 1; seed <= 8; ++seed) EXPECT_EQ(ParseRequestInPieces(bytes, AtRandom(seed), limits), whole);
}

TEST(RequestParser, ReadsAnOrdinaryRequest) {
  const std::string_view bytes =
      "GET /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: test\r\nAccept:*/*\r\nX-Empty:\r\n\r\n";
  const RequestHead head = Parse(bytes);

  EXPECT_EQ(head.method, Method::kGet);
  EXPECT_EQ(head.Get(head.method_text), "GET");
  EXPECT_EQ(head.Get(head.target), "/a/b?c=d");
  EXPECT_EQ(head.path(), "/a/b");
  EXPECT_EQ(head.Get(head.authority), "example.com:8080");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_EQ(head.framing, BodyFraming::kNone);
  EXPECT_EQ(Describe(head.fields), "Host: example.com:8080\nUser-Agent: test\nAccept: */*\nX-Empty: \n");
}

TEST(RequestParser, RefusesEveryHostileHeadWithItsStatusInWhateverPieces) {
  const std::vector<HostileRequest> requests = HostileRequests();
  ASSERT_GE(requests.size(), 150u);
  for (const HostileRequest& request : requests) {
    SCOPED_TRACE(testing::PrintToString(request.bytes));
    const Parsed whole = ParseRequestInPieces(request.bytes, AllAtOnce());
    EXPECT_EQ(whole.outcome, Outcome::kError);
    EXPECT_EQ(whole.status, request.status) << whole.reason;
    EXPECT_NE(whole.reason, "");
    ExpectOutcomeIndependentOfPieces(request.bytes, whole);
  }
}

TEST(RequestParser, ReadsGoodHeadsAlikeInWhateverPieces) {
  for (std::string_view bytes : {
           "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
           "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.0\r\n\r\n",
           "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
           "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
           "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
           "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n",
           "GET http://b:81/c?d HTTP/1.1\r\nHost: a\r\n\r\n",
           "M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n",
           "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length:5\r\nExpect: 100-Continue\r\n\r\nhello",
           "POST / HTTP/1.1\r\nhost:\ta\t\r\ntransfer-encoding: \tChunked \t \r\nConnection: close, x\r\n\r\n0\r\n\r\n",
           "GET /|\"<>\\^`{} HTTP/1.1\r\nHost: a\r\nX:  \t \r\nY: \x80\xff\t\"z\"  \r\n!#$%&'*+-.^_`|~: \r\n\r\n",
       }) {
    SCOPED_TRACE(bytes);
    const Parsed whole = ParseRequestInPieces(bytes, AllAtOnce());
    EXPECT_EQ(whole.outcome, Outcome::kDone) << whole.reason;
    EXPECT_EQ(whole.head_size, bytes.find("\r\n\r\n") + 4);
    ExpectOutcomeIndependentOfPieces(bytes, whole);
  }
}

TEST(RequestParser, AsksForMoreUntilTheLastByteOfTheHead) {
  const std::string_view bytes = "\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseRequestInPieces(bytes.substr(0, size), AllAtOnce()).outcome, Outcome::kNeedMore) << size;
  }
}

TEST(RequestParser, KnowsTheMethods) {
  EXPECT_EQ(Parse("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n").method, Method::kPatch);
  EXPECT_EQ(Parse("get / HTTP/1.1\r\nHost: a\r\n\r\n").method, Method::kOther);
  EXPECT_EQ(Parse("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n").method, Method::kOther);
}

TEST(RequestParser, ReadsHigherMinorVersionsAsHttp11) {
  const RequestHead head = Parse("GET / HTTP/1.9\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestParser, LetsTheAuthorityOfTheTargetReplaceHost) {
  const RequestHead head = Parse("GET HTTPS://b:81/c?d=http://x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.Get(head.authority), "b:81");
  EXPECT_EQ(head.Get(head.target), "/c?d=http://x");
}

TEST(RequestParser, FindsThePathOfAnAbsoluteTargetWithout) {
  const RequestHead bare = Parse("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(bare.Get(bare.target), "/");
  EXPECT_EQ(bare.path(), "/");

  const RequestHead with_query = Parse("GET http://a?b/c HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(with_query.Get(with_query.target), "?b/c");
  EXPECT_EQ(with_query.path(), "/");

  const RequestHead options = Parse("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(options.Get(options.authority), "a");
  EXPECT_EQ(options.path(), "*");
}

TEST(RequestParser, FramesTheBodyByLengthOrChunks) {
  const RequestHead by_length = Parse("GET / HTTP/1.0\r\nContent-Length: 0012\r\n\r\n");
  EXPECT_EQ(by_length.framing, BodyFraming::kContentLength);
  EXPECT_EQ(by_length.content_length, 12u);

  EXPECT_EQ(Parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").framing, BodyFraming::kNone);
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").framing, BodyFraming::kStreamed);
}

TEST(RequestParser, ExpectsContinueOnlyInHttp11BeforeABody) {
  const std::string_view with_body = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_TRUE(Parse(with_body).expects_continue);
  EXPECT_FALSE(Parse("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").expects_continue);
  EXPECT_FALSE(Parse("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").expects_continue);
  EXPECT_FALSE(Parse("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: x\r\n\r\n").expects_continue);
}

TEST(RequestParser, SaysWhetherTheConnectionMayStayOpen) {
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestParser, HoldsItsLimitsInWhateverPieces) {
  const HeadLimits limits = {.max_head_bytes = 200, .max_target_bytes = 20, .max_fields = 3};
  struct Case {
    std::string bytes;
    uint16_t status;  // 0: good
  };
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const Case cases[] = {
      {"GET /" + std::string(19, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"GET /" + std::string(20, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET /" + std::string(500, 'a'), 414},
      {start + "A: b\r\nC: d\r\n\r\n", 0},
      {start + "A: b\r\nC: d\r\nE: f\r\n\r\n", 431},
      {start + "A: " + std::string(200 - start.size() - 7, 'b') + "\r\n\r\n", 0},
      {start + "A: " + std::string(200 - start.size() - 6, 'b') + "\r\n\r\n", 431},
      {start + "A: " + std::string(500, 'b'), 431},
      {start + std::string(500, 'n'), 431},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.bytes);
    const Parsed whole = ParseRequestInPieces(test.bytes, AllAtOnce(), limits);
    EXPECT_EQ(whole.status, test.status) << whole.reason;
    EXPECT_EQ(whole.outcome, test.status == 0 ? Outcome::kDone : Outcome::kError);
    ExpectOutcomeIndependentOfPieces(test.bytes, whole, limits);
  }
}

TEST(RequestParser, RefusesANameThatAFieldCannotHold) {
  const HeadLimits limits = {.max_head_bytes = 1 << 20};
  const std::string bytes = "GET / HTTP/1.1\r\n" + std::string(65536, 'n') + ": x\r\n\r\n";
  EXPECT_EQ(ParseRequestInPieces(bytes, AllAtOnce(), limits).status, 431);
}

TEST(RequestParser, ReadsOneRequestAfterAnotherWithTheSameHead) {
  const HeadLimits limits;
  RequestParser parser(&limits);
  RequestHead head;
  std::string bytes = "POST /1 HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nConnection: x\r\n\r\n";
  ASSERT_EQ(parser.Parse(bytes, &head).outcome, Outcome::kDone);

  parser.Reset();
  bytes = "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(parser.Parse(bytes, &head).outcome, Outcome::kDone);
  const RequestHead fresh = Parse(bytes);
  EXPECT_EQ(Describe(head), Describe(fresh));
}

TEST(RequestParser, TakesTheFirstOfTwoPipelinedRequests) {
  const std::string_view first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string both = std::string(first) + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  const Parsed parsed = ParseRequestInPieces(both, AllAtOnce());
  EXPECT_EQ(parsed.head_size, first.size());
  EXPECT_THAT(parsed.head, HasSubstr("/1"));
}

}  // namespace
}  // namespace fairlead::http::h1
