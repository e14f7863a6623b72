#include "dataplane/http/h2/response_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h2/header_lists.h"

namespace fairlead::http::h2 {
namespace {

using Outcome = ReadResult::Outcome;
using testing::ElementsAre;

class ResponseReaderTest : public testing::Test {
 protected:
  ReadResult Read(const HeaderList& list, bool end_stream = false, Method request_method = Method::kGet) {
    reader_.Start(&head_);
    for (const auto& [name, value] : list) reader_.Add(name, value, /*never_indexed=*/false);
    return reader_.Finish(request_method, end_stream);
  }

  const HeadLimits limits_{.max_head_bytes = 1024, .max_fields = 8};
  ResponseReader reader_{&limits_};
  ResponseHead head_;
};

TEST_F(ResponseReaderTest, MakesTheHeadThatHttp1WouldHave) {
  ASSERT_TRUE(Read({{":status", "200"}, {"server", "x"}}).done());
  EXPECT_TRUE(head_.http2);
  EXPECT_EQ(head_.status, 200);
  EXPECT_EQ(head_.framing, BodyFraming::kStreamed);
  EXPECT_THAT(Lines(head_.fields), ElementsAre("server: x"));
}

TEST_F(ResponseReaderTest, KnowsHowTheBodyIsFramed) {
  ASSERT_TRUE(Read({{":status", "200"}, {"content-length", "5"}}).done());
  EXPECT_EQ(head_.framing, BodyFraming::kContentLength);
  EXPECT_EQ(head_.content_length, 5u);
  ASSERT_TRUE(Read({{":status", "200"}, {"content-length", "5"}}, true, Method::kHead).done());
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
  EXPECT_EQ(head_.content_length, 5u);
  ASSERT_TRUE(Read({{":status", "304"}, {"content-length", "5"}}, true).done());
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
  ASSERT_TRUE(Read({{":status", "204"}}, true).done());
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
  EXPECT_EQ(Read({{":status", "200"}, {"content-length", "5"}}, true).outcome, Outcome::kMalformed);
}

TEST_F(ResponseReaderTest, ReadsInterimResponses) {
  ASSERT_TRUE(Read({{":status", "103"}, {"link", "</a>"}}).done());
  EXPECT_EQ(head_.framing, BodyFraming::kNone);
  EXPECT_EQ(Read({{":status", "100"}}, true).outcome, Outcome::kMalformed);
}

TEST_F(ResponseReaderTest, RefusesWhatIsMalformed) {
  for (const HeaderList& list : {HeaderList{},
                                 {{"server", "x"}},
                                 {{":status", ""}},
                                 {{":status", "20"}},
                                 {{":status", "2000"}},
                                 {{":status", "+20"}},
                                 {{":status", "099"}},
                                 {{":status", "600"}},
                                 {{":status", "101"}},
                                 {{":status", "200"}, {":status", "200"}},
                                 {{":status", "200"}, {":path", "/"}},
                                 {{"server", "x"}, {":status", "200"}},
                                 {{":status", "200"}, {"connection", "close"}},
                                 {{":status", "200"}, {"Server", "x"}},
                                 {{":status", "200"}, {"a", "b\r\nc: d"}},
                                 {{":status", "200"}, {"content-length", "x"}},
                                 {{":status", "200"}, {"content-length", "1"}, {"content-length", "1"}}}) {
    EXPECT_EQ(Read(list).outcome, Outcome::kMalformed) << list.size();
  }
}

TEST_F(ResponseReaderTest, HoldsItsLimits) {
  EXPECT_EQ(Read({{":status", "200"}, {"a", std::string(1024, 'x')}}).limit, RequestLimit::kHeaderBytes);
  HeaderList many = {{":status", "200"}};
  many.resize(10, {"a", "b"});
  EXPECT_EQ(Read(many).limit, RequestLimit::kHeaderCount);
}

}  // namespace
}  // namespace fairlead::http::h2
