#include "tests/support/peer/reader.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/peer/pattern.h"

namespace fairlead::peer {
namespace {

// Two ends of a connection: what is written to `far` is read at the other end.
class ReaderTest : public testing::Test {
 protected:
  ReaderTest() {
    Socket listening = *Socket::Listen("127.0.0.1:0");
    far_ = *Socket::Connect(listening.LocalAddress(), std::chrono::seconds(5));
    near_ = *listening.Accept();
    reader_ = std::make_unique<Reader>(&near_);
  }

  absl::StatusOr<std::string> ReadBody(BodyReader& body) {
    std::string all;
    std::array<char, 7> piece;
    for (;;) {
      absl::StatusOr<size_t> count = body.Read(piece);
      if (!count.ok()) return count.status();
      if (*count == 0) return all;
      all.append(piece.data(), *count);
    }
  }

  Socket far_;
  Socket near_;
  std::unique_ptr<Reader> reader_;
};

TEST_F(ReaderTest, TellsACloseBetweenHeadsFromOneInside) {
  ASSERT_TRUE(far_.Write("GET / HTTP/1.1\r\n\r\n").ok());
  far_.Close();
  EXPECT_EQ(*reader_->ReadHead(), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(reader_->ReadHead().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(ReaderTest, CallsAHeadCutShortDataLoss) {
  ASSERT_TRUE(far_.Write("GET / HT").ok());
  far_.Close();
  EXPECT_EQ(reader_->ReadHead().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ReaderTest, ReadsChunksAndTheirTrailersAndStopsThere) {
  ASSERT_TRUE(far_.Write("3\r\nabc\r\n0B;ext\r\nhello world\r\n0\r\nx-sum: 7\r\n\r\nGET").ok());
  BodyReader body(reader_.get(), {Framing::Kind::kChunked});
  EXPECT_EQ(*ReadBody(body), "abchello world");
  EXPECT_EQ(FindField(body.trailers(), "X-Sum"), "7");
  EXPECT_TRUE(reader_->HasBuffered());
}

TEST_F(ReaderTest, RefusesChunksThatAreNone) {
  ASSERT_TRUE(far_.Write("3\r\nabcd\r\n0\r\n\r\n").ok());
  BodyReader body(reader_.get(), {Framing::Kind::kChunked});
  EXPECT_EQ(ReadBody(body).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReaderTest, CallsABodyCutShortDataLoss) {
  ASSERT_TRUE(far_.Write("abc").ok());
  far_.Close();
  BodyReader body(reader_.get(), {Framing::Kind::kLength, 4});
  EXPECT_EQ(ReadBody(body).status().code(), absl::StatusCode::kDataLoss);
}

TEST(Pattern, ShowsAPieceThatMoved) {
  std::string piece(PatternAt(kPatternPeriod - 5, 20));
  ASSERT_EQ(piece.size(), 20u);
  EXPECT_TRUE(MatchesPattern(kPatternPeriod - 5, piece));
  EXPECT_TRUE(MatchesPattern(2 * kPatternPeriod - 5, piece));
  EXPECT_FALSE(MatchesPattern(kPatternPeriod - 4, piece));
}

}  // namespace
}  // namespace fairlead::peer
