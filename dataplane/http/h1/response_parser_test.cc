#include "dataplane/http/h1/response_parser.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h1/hostile_responses.h"
#include "dataplane/http/h1/piecewise.h"

namespace fairlead::http::h1 {
namespace {

using Outcome = ParseResult::Outcome;

// The head in `bytes`, which it must outlive, and which must be good.
ResponseHead Parse(std::string_view bytes, Method request_method = Method::kGet) {
  const HeadLimits limits;
  ResponseParser parser(&limits);
  ResponseHead head;
  const ParseResult result = parser.Parse(bytes, request_method, &head);
  EXPECT_EQ(result.outcome, Outcome::kDone) << bytes << (result.reason == nullptr ? "" : result.reason);
  EXPECT_EQ(result.head_size, bytes.size());
  return head;
}

void ExpectOutcomeIndependentOfPieces(std::string_view bytes, const Parsed& whole, const HeadLimits& limits = {}) {
  EXPECT_EQ(ParseResponseInPieces(bytes, Method::kGet, OneByOne(), limits), whole);
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    EXPECT_EQ(ParseResponseInPieces(bytes, Method::kGet, AtRandom(seed), limits), whole);
  }
}

TEST(ResponseParser, ReadsAnOrdinaryResponse) {
  const ResponseHead head = Parse("HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.Get(head.reason), "Not Found");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing, BodyFraming::kContentLength);
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_EQ(Describe(head.fields), "Server: x\nContent-Length: 12\n");
}

TEST(ResponseParser, RefusesEveryHostileHeadInWhateverPieces) {
  const std::vector<std::string> responses = HostileResponses();
  ASSERT_GE(responses.size(), 40u);
  for (const std::string& bytes : responses) {
    SCOPED_TRACE(testing::PrintToString(bytes));
    const Parsed whole = ParseResponseInPieces(bytes, Method::kGet, AllAtOnce());
    EXPECT_EQ(whole.outcome, Outcome::kError);
    EXPECT_EQ(whole.status, 502);
    EXPECT_NE(whole.reason, "");
    ExpectOutcomeIndependentOfPieces(bytes, whole);
  }
}

TEST(ResponseParser, ReadsGoodHeadsAlikeInWhateverPieces) {
  for (std::string_view bytes : {
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 200 \r\n\r\n",
           "HTTP/1.1 200\r\n\r\n",
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.0 599 \xff\t \"x\"\r\nA:b\r\n\r\n",
           "HTTP/1.7 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
       }) {
    SCOPED_TRACE(bytes);
    const Parsed whole = ParseResponseInPieces(bytes, Method::kGet, AllAtOnce());
    EXPECT_EQ(whole.outcome, Outcome::kDone) << whole.reason;
    EXPECT_EQ(whole.head_size, bytes.find("\r\n\r\n") + 4);
    ExpectOutcomeIndependentOfPieces(bytes, whole);
  }
}

TEST(ResponseParser, AsksForMoreUntilTheLastByteOfTheHead) {
  const std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseResponseInPieces(bytes.substr(0, size), Method::kGet, AllAtOnce()).outcome, Outcome::kNeedMore)
        << size;
  }
}

TEST(ResponseParser, ToleratesAMissingSpaceBeforeAnEmptyReason) {
  const ResponseHead head = Parse("HTTP/1.1 200\r\n\r\n");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Get(head.reason), "");
}

TEST(ResponseParser, FramesTheBodyAsRfc9112Section63Says) {
  const std::string_view chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string_view by_length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const std::string_view empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const std::string_view until_close = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_EQ(Parse(chunked).framing, BodyFraming::kStreamed);
  EXPECT_EQ(Parse(by_length).framing, BodyFraming::kContentLength);
  EXPECT_EQ(Parse(empty).framing, BodyFraming::kNone);
  EXPECT_EQ(Parse(until_close).framing, BodyFraming::kUntilClose);
  for (std::string_view bytes : {chunked, by_length, empty, until_close}) {
    EXPECT_EQ(Parse(bytes, Method::kHead).framing, BodyFraming::kNone) << bytes;
    EXPECT_EQ(Parse(bytes, Method::kConnect).framing, BodyFraming::kNone) << bytes;
    EXPECT_TRUE(Parse(bytes, Method::kHead).keep_alive) << bytes;
  }
  EXPECT_EQ(Parse("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", Method::kConnect).framing,
            BodyFraming::kContentLength);
}

TEST(ResponseParser, FindsNoBodyBehindInterimNoContentAndNotModifiedResponses) {
  for (std::string_view bytes :
       {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    const ResponseHead head = Parse(bytes);
    EXPECT_EQ(head.framing, BodyFraming::kNone) << bytes;
    EXPECT_TRUE(head.keep_alive) << bytes;
  }
}

TEST(ResponseParser, KeepsTheLengthThatHeadAnnounces) {
  const ResponseHead head = Parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::kHead);
  EXPECT_EQ(head.framing, BodyFraming::kNone);
  EXPECT_EQ(head.content_length, 5u);
}

TEST(ResponseParser, ReusesNoConnectionWhoseEndIsInDoubt) {
  EXPECT_FALSE(Parse("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n").keep_alive);  // until close
  EXPECT_FALSE(Parse("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").keep_alive);
  EXPECT_FALSE(Parse("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n").keep_alive);
  EXPECT_FALSE(Parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(Parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n").keep_alive);
  EXPECT_TRUE(Parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(ResponseParser, HoldsItsLimitsInWhateverPieces) {
  const HeadLimits limits = {.max_head_bytes = 100, .max_fields = 2};
  const std::string start = "HTTP/1.1 200 OK\r\n";
  const struct {
    std::string bytes;
    bool good;
  } cases[] = {
      {start + "A: b\r\nC: d\r\n\r\n", true},
      {start + "A: b\r\nC: d\r\nE: f\r\n\r\n", false},
      {start + "A: " + std::string(100 - start.size() - 7, 'b') + "\r\n\r\n", true},
      {start + "A: " + std::string(100 - start.size() - 6, 'b') + "\r\n\r\n", false},
      {"HTTP/1.1 200 " + std::string(200, 'r'), false},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.bytes);
    const Parsed whole = ParseResponseInPieces(test.bytes, Method::kGet, AllAtOnce(), limits);
    EXPECT_EQ(whole.outcome, test.good ? Outcome::kDone : Outcome::kError) << whole.reason;
    ExpectOutcomeIndependentOfPieces(test.bytes, whole, limits);
  }
}

TEST(ResponseParser, ReadsOneResponseAfterAnotherWithTheSameHead) {
  const HeadLimits limits;
  ResponseParser parser(&limits);
  ResponseHead head;
  ASSERT_EQ(parser.Parse("HTTP/1.0 404 No\r\nContent-Length: 5\r\nConnection: x\r\n\r\n", Method::kGet, &head).outcome,
            Outcome::kDone);
  parser.Reset();
  const std::string_view bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_EQ(parser.Parse(bytes, Method::kGet, &head).outcome, Outcome::kDone);
  EXPECT_EQ(Describe(head), Describe(Parse(bytes)));
}

}  // namespace
}  // namespace fairlead::http::h1
