#include "dataplane/http/h2/request_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h2/header_lists.h"

namespace fairlead::http::h2 {
namespace {

using Outcome = ReadResult::Outcome;
using testing::ElementsAre;
using testing::IsEmpty;

class RequestReaderTest : public testing::Test {
 protected:
  ReadResult Read(const HeaderList& list, bool end_stream = true) {
    reader_.Start(&head_);
    for (const auto& [name, value] : list) reader_.Add(name, value, /*never_indexed=*/name == "authorization");
    return reader_.Finish(end_stream);
  }
  // A GET with more fields.
  ReadResult ReadGet(const HeaderList& more, bool end_stream = true) {
    HeaderList list = {{":method", "GET"}, {":scheme", "http"}, {":path", "/a?b"}, {":authority", "example.com"}};
    list.insert(list.end(), more.begin(), more.end());
    return Read(list, end_stream);
  }

  const HeadLimits limits_{.max_head_bytes = 1024, .max_target_bytes = 64, .max_fields = 8};
  RequestReader reader_{&limits_};
  RequestHead head_;
};

TEST_F(RequestReaderTest, MakesTheHeadThatHttp1WouldHave) {
  ASSERT_TRUE(ReadGet({{"accept", "*/*"}, {"authorization", "x"}}).done());
  EXPECT_TRUE(head_.http2);
  EXPECT_EQ(head_.method, Method::kGet);
  EXPECT_EQ(head_.Get(head_.method_text), "GET");
  EXPECT_EQ(head_.target_text(), "/a?b");
  EXPECT_EQ(head_.path(), "/a");
  EXPECT_EQ(head_.Get(head_.authority), "example.com");
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
  EXPECT_THAT(Lines(head_.fields), ElementsAre("accept: */*", "authorization: x", "host: example.com"));
  EXPECT_FALSE(head_.fields.begin()[0].never_indexed);
  EXPECT_TRUE(head_.fields.begin()[1].never_indexed);
}

TEST_F(RequestReaderTest, ForgetsWhatItReadBefore) {
  ASSERT_FALSE(Read({{":method", "POST"}, {"Bad", ""}}).done());
  ASSERT_TRUE(ReadGet({}).done());
  EXPECT_EQ(head_.method, Method::kGet);
  EXPECT_THAT(Lines(head_.fields), ElementsAre("host: example.com"));
}

TEST_F(RequestReaderTest, TakesTheAuthorityFromHostWhereThereIsNoOther) {
  ASSERT_TRUE(Read({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a:81"}}).done());
  EXPECT_EQ(head_.Get(head_.authority), "a:81");
  EXPECT_THAT(Lines(head_.fields), ElementsAre("host: a:81"));
}

TEST_F(RequestReaderTest, LetsHostAndAuthorityNameTheSameEntity) {
  EXPECT_TRUE(ReadGet({{"host", "EXAMPLE.com"}}).done());
  EXPECT_EQ(head_.Get(head_.authority), "example.com");
  EXPECT_TRUE(ReadGet({{"host", "example.com:80"}}).done());
  EXPECT_EQ(ReadGet({{"host", "example.com:443"}}).outcome, Outcome::kMalformed);
  EXPECT_EQ(ReadGet({{"host", "example.org"}}).outcome, Outcome::kMalformed);
  EXPECT_EQ(ReadGet({{"host", "example.com"}, {"host", "example.com"}}).outcome, Outcome::kMalformed);
}

TEST_F(RequestReaderTest, JoinsCookieCrumbs) {
  ASSERT_TRUE(ReadGet({{"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d"}, {"cookie", "e=f"}}).done());
  EXPECT_THAT(Lines(head_.fields), ElementsAre("x: y", "cookie: a=b; c=d; e=f", "host: example.com"));
}

TEST_F(RequestReaderTest, KnowsHowTheBodyIsFramed) {
  ASSERT_TRUE(ReadGet({}, /*end_stream=*/false).done());
  EXPECT_EQ(head_.framing, BodyFraming::kStreamed);
  ASSERT_TRUE(ReadGet({{"content-length", "5"}}, /*end_stream=*/false).done());
  EXPECT_EQ(head_.framing, BodyFraming::kContentLength);
  EXPECT_EQ(head_.content_length, 5u);
  ASSERT_TRUE(ReadGet({{"content-length", "0"}}, /*end_stream=*/false).done());
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
  ASSERT_TRUE(ReadGet({{"content-length", "0"}}).done());
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
}

TEST_F(RequestReaderTest, ExpectsContinueOnlyBeforeABody) {
  ASSERT_TRUE(ReadGet({{"expect", "100-Continue"}}, /*end_stream=*/false).done());
  EXPECT_TRUE(head_.expects_continue);
  ASSERT_TRUE(ReadGet({{"expect", "100-continue"}}).done());
  EXPECT_FALSE(head_.expects_continue);
  EXPECT_EQ(ReadGet({{"expect", "tea"}}).status, 417);
}

TEST_F(RequestReaderTest, TakesTeTrailersAndNoOther) {
  EXPECT_TRUE(ReadGet({{"te", "trailers"}}).done());
  EXPECT_EQ(ReadGet({{"te", "gzip"}}).outcome, Outcome::kMalformed);
  EXPECT_EQ(ReadGet({{"te", "trailers, gzip"}}).outcome, Outcome::kMalformed);
}

TEST_F(RequestReaderTest, ReadsConnect) {
  ASSERT_TRUE(Read({{":method", "CONNECT"}, {":authority", "a:443"}}, /*end_stream=*/false).done());
  EXPECT_EQ(head_.method, Method::kConnect);
  EXPECT_EQ(head_.target_text(), "a:443");
  EXPECT_EQ(head_.Get(head_.authority), "a:443");
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
}

TEST_F(RequestReaderTest, ReadsExtendedConnectAsAnUpgrade) {
  ASSERT_TRUE(Read({{":method", "CONNECT"},
                    {":protocol", "websocket"},
                    {":scheme", "https"},
                    {":path", "/chat"},
                    {":authority", "a"},
                    {"sec-websocket-version", "13"}},
                   /*end_stream=*/false)
                  .done());
  EXPECT_TRUE(head_.extended_connect);
  EXPECT_TRUE(head_.connection_upgrade);
  EXPECT_EQ(head_.method, Method::kGet);
  EXPECT_EQ(head_.Get(head_.method_text), "GET");
  EXPECT_EQ(head_.target_text(), "/chat");
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
  EXPECT_THAT(Lines(head_.fields), ElementsAre("sec-websocket-version: 13", "upgrade: websocket", "host: a"));
}

TEST_F(RequestReaderTest, RefusesWhatIsMalformed) {
  const std::string nul("a\0b", 3);
  const HeaderList cases[] = {
      {{"connection", "close"}},
      {{"connection", ""}},
      {{"keep-alive", "1"}},
      {{"proxy-connection", "keep-alive"}},
      {{"transfer-encoding", "chunked"}},
      {{"upgrade", "h2c"}},
      {{"X", "upper case"}},
      {{"", "no name"}},
      {{"a b", "space"}},
      {{"a:b", "colon"}},
      {{"a\r\nb", "lines"}},
      {{"a", "b\r\nc: d"}},
      {{"a", "b\nc"}},
      {{"a", "b\rc"}},
      {{"a", nul}},
      {{"a", "b\x01"}},
      {{"a", "b\x7f"}},
      {{"a", " b"}},
      {{"a", "b\t"}},
      {{"a", " "}},
      {{"host", "a b"}},
      {{"host", ""}},
      {{":path", "/twice"}},
      {{":status", "200"}},
      {{":unknown", ""}},
      {{":protocol", "websocket"}},
      {{"content-length", "1"}},  // but the stream ends
      {{"content-length", "+0"}},
      {{"content-length", "0"}, {"content-length", "0"}},
      {{"content-length", "0, 0"}},
      {{"a", "b"}, {":protocol", "behind"}},
  };
  for (const HeaderList& list : cases) {
    const ReadResult result = ReadGet(list);
    EXPECT_EQ(result.outcome, Outcome::kMalformed) << list.back().first << ": " << list.back().second;
    EXPECT_NE(result.reason, nullptr);
  }
}

TEST_F(RequestReaderTest, RefusesPseudoHeaderFieldsThatAreMissingOrInvalid) {
  const auto with = [](std::string_view changed, const std::string& value) {
    HeaderList list;
    for (const auto& [name, good] :
         HeaderList{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "example.com"}}) {
      if (name != changed) list.emplace_back(name, good);
    }
    if (value != "(none)") list.emplace_back(std::string(changed), value);
    return list;
  };
  for (const HeaderList& list : {with(":method", "(none)"),    with(":method", ""),        with(":method", "GE T"),
                                 with(":method", "GET\r\n"),   with(":scheme", "(none)"),  with(":scheme", ""),
                                 with(":scheme", "ftp"),       with(":path", "(none)"),    with(":path", ""),
                                 with(":path", "*"),           with(":path", "a"),         with(":path", "http://a/"),
                                 with(":path", "/a b"),        with(":path", "/a\r\nb"),   with(":path", "/#"),
                                 with(":authority", "(none)"), with(":authority", ""),     with(":authority", "user@a"),
                                 with(":authority", "a/b"),    with(":authority", "a\r\n")}) {
    EXPECT_EQ(Read(list).outcome, Outcome::kMalformed) << list.back().first << ": " << list.back().second;
  }
  EXPECT_EQ(Read({}).outcome, Outcome::kMalformed);
  EXPECT_TRUE(Read({{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}}).done());
}

TEST_F(RequestReaderTest, RefusesConnectThatSaysTooMuchOrTooLittle) {
  const HeaderList cases[] = {
      {{":method", "CONNECT"}},
      {{":method", "CONNECT"}, {":authority", "a"}},
      {{":method", "CONNECT"}, {":authority", "a:443"}, {":path", "/"}},
      {{":method", "CONNECT"}, {":authority", "a:443"}, {":scheme", "https"}},
      {{":method", "CONNECT"}, {":authority", "a:443"}, {"host", "b:443"}},
      {{":method", "CONNECT"}, {":authority", "a:443"}, {"content-length", "1"}},
      {{":method", "CONNECT"}, {":authority", "a"}, {":protocol", "websocket"}},
      {{":method", "CONNECT"}, {":authority", "a"}, {":protocol", ""}, {":scheme", "https"}, {":path", "/"}},
      {{":method", "CONNECT"}, {":authority", "a"}, {":protocol", "a b"}, {":scheme", "https"}, {":path", "/"}},
      {{":method", "CONNECT"}, {":authority", "a"}, {":protocol", "w"}, {":scheme", "https"}, {":path", "*"}},
  };
  for (const HeaderList& list : cases) {
    EXPECT_EQ(Read(list, /*end_stream=*/false).outcome, Outcome::kMalformed) << list.size() << list.back().first;
  }
}

TEST_F(RequestReaderTest, HoldsItsLimits) {
  ReadResult result = ReadGet({{"a", std::string(1024, 'x')}});
  EXPECT_EQ(result.status, 431);
  EXPECT_EQ(result.limit, RequestLimit::kHeaderBytes);

  result = ReadGet(HeaderList(9, {"a", "b"}));
  EXPECT_EQ(result.status, 431);
  EXPECT_EQ(result.limit, RequestLimit::kHeaderCount);
  EXPECT_TRUE(ReadGet(HeaderList(8, {"a", "b"})).done());

  result = Read({{":method", "GET"}, {":scheme", "http"}, {":path", "/" + std::string(64, 'x')}, {":authority", "a"}});
  EXPECT_EQ(result.status, 414);
  EXPECT_EQ(result.limit, RequestLimit::kUriBytes);

  EXPECT_EQ(Read({{":method", std::string(33, 'X')}}).status, 501);
  EXPECT_EQ(result.outcome, Outcome::kRefused);
}

TEST_F(RequestReaderTest, KeepsNothingBeyondItsLimits) {
  reader_.Start(&head_);
  const std::string large(4096, 'x');
  for (int i = 0; i < 10'000; ++i) reader_.Add("a", large, false);
  EXPECT_EQ(reader_.Finish(true).status, 431);
  EXPECT_LE(reader_.capacity(), 8192u);
  EXPECT_THAT(Lines(head_.fields), IsEmpty());
}

TEST_F(RequestReaderTest, CountsCookieCrumbsToo) {
  EXPECT_EQ(ReadGet(HeaderList(200, {"cookie", "a=b"})).limit, RequestLimit::kHeaderBytes);
}

}  // namespace
}  // namespace fairlead::http::h2
