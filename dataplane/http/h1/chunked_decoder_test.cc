#include "dataplane/http/h1/chunked_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dataplane/http/h1/piecewise.h"

namespace fairlead::http::h1 {
namespace {

using std::string_view_literals::operator""sv;
using Kind = ChunkedDecoder::Kind;

void ExpectOutcomeIndependentOfPieces(std::string_view bytes, const Decoded& whole, const ChunkLimits& limits = {}) {
  EXPECT_EQ(DecodeInPieces(bytes, OneByOne(), limits), whole);
  for (uint32_t seed = 1; seed <= 8; ++seed) EXPECT_EQ(DecodeInPieces(bytes, AtRandom(seed), limits), whole);
}

TEST(ChunkedDecoder, ReadsBodiesInWhateverPieces) {
  const struct {
    std::string_view bytes;
    std::string_view data;
    std::string_view trailers;
  } cases[] = {
      {"0\r\n\r\n", "", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", ""},
      {"1\r\n0\r\n000\r\n\r\n", "0", ""},
      {"00000000000000a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""},
      {"A\r\n0123456789\r\n0000000000000000\r\n\r\n", "0123456789", ""},
      {"5;a\r\nhello\r\n0;b=c;d=\"e f\"\r\n\r\n", "hello", ""},
      {"5 ;a\r\nhello\r\n0 \t ; a = b\r\n\r\n", "hello", ""},
      {"0\r\nX-A: b\r\nX-C:d \r\n\r\n", "", "X-A: b\nX-C: d\n"},
      {"3\r\nabc\r\n0\r\ngrpc-status: 0\r\n\r\n", "abc", "grpc-status: 0\n"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.bytes);
    const std::string with_more = std::string(test.bytes) + "GET / HTTP/1.1\r\n";
    const Decoded whole = DecodeInPieces(with_more, AllAtOnce());
    EXPECT_EQ(whole.kind, Kind::kEnd) << whole.reason;
    EXPECT_EQ(whole.data, test.data);
    EXPECT_EQ(whole.trailers, test.trailers);
    EXPECT_EQ(whole.consumed, test.bytes.size());
    ExpectOutcomeIndependentOfPieces(with_more, whole);
  }
}

// Each wrong in exactly one place; all from RFC 9112 §7.1 and the corpora of request smuggling by chunks.
constexpr std::string_view kHostileBodies[] = {
    // The size.
    "\r\n"sv,
    "\n"sv,
    ";a\r\n"sv,
    "x\r\n"sv,
    "g\r\n"sv,
    "5g\r\nhello\r\n0\r\n\r\n"sv,
    "0x5\r\nhello\r\n0\r\n\r\n"sv,
    "+5\r\nhello\r\n0\r\n\r\n"sv,
    "-5\r\nhello\r\n0\r\n\r\n"sv,
    "-0\r\n\r\n"sv,
    " 5\r\nhello\r\n0\r\n\r\n"sv,
    "\t5\r\nhello\r\n0\r\n\r\n"sv,
    "5 \r\nhello\r\n0\r\n\r\n"sv,
    "5\t\r\nhello\r\n0\r\n\r\n"sv,
    "5 5\r\nhello\r\n0\r\n\r\n"sv,
    "5_0\r\nhello\r\n0\r\n\r\n"sv,
    "5,5\r\nhello\r\n0\r\n\r\n"sv,
    "5.0\r\nhello\r\n0\r\n\r\n"sv,
    "5\0\r\nhello\r\n0\r\n\r\n"sv,
    "\0"
    "5\r\nhello\r\n0\r\n\r\n"sv,
    "5\v\r\nhello\r\n0\r\n\r\n"sv,
    "\"5\"\r\nhello\r\n0\r\n\r\n"sv,
    "\xef\xbc\x95\r\nhello\r\n0\r\n\r\n"sv,  // a full-width digit
    "00000000000000005\r\nhello\r\n0\r\n\r\n"sv,
    "10000000000000005\r\nhello\r\n0\r\n\r\n"sv,  // 2^64 + 5
    "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"sv,
    "8000000000000000\r\nhello\r\n0\r\n\r\n"sv,
    // Its line end.
    "5\nhello\r\n0\r\n\r\n"sv,
    "5\rhello\r\n0\r\n\r\n"sv,
    "5\r\r\nhello\r\n0\r\n\r\n"sv,
    "5\r hello\r\n0\r\n\r\n"sv,
    "0\n\r\n"sv,
    "0\r\r\n"sv,
    // Extensions.
    "5;a\nhello\r\n0\r\n\r\n"sv,
    "5;\nxx\r\n4c\r\n0\r\n\r\n"sv,  // TERM.EXT: others end the line at the LF
    "5;a\rb\r\nhello\r\n0\r\n\r\n"sv,
    "5;a\r\r\nhello\r\n0\r\n\r\n"sv,
    "5;a\0b\r\nhello\r\n0\r\n\r\n"sv,
    "5;a=\"b\nc\"\r\nhello\r\n0\r\n\r\n"sv,
    "5;a=\"b\r\nhello\"\r\n0\r\n\r\n"sv,
    "5;a\x7f\r\nhello\r\n0\r\n\r\n"sv,
    "5 a\r\nhello\r\n0\r\n\r\n"sv,
    "5 \n;a\r\nhello\r\n0\r\n\r\n"sv,
    "5 \r;a\r\nhello\r\n0\r\n\r\n"sv,
    "0;a\n\r\n"sv,
    // Behind the data.
    "5\r\nhello0\r\n\r\n"sv,
    "5\r\nhello\n0\r\n\r\n"sv,
    "5\r\nhello\r0\r\n\r\n"sv,
    "5\r\nhello\r\r\n0\r\n\r\n"sv,
    "5\r\nhello \r\n0\r\n\r\n"sv,
    "5\r\nhello!\r\n0\r\n\r\n"sv,
    "5\r\nhelloX\n0\r\n\r\n"sv,
    "5\r\nhello\rX0\r\n\r\n"sv,
    "5\r\nhelloXX0\r\n\r\n"sv,  // others skip two bytes, whatever they are
    "5\r\nhell\r\n0\r\n\r\n"sv,
    "5\r\nhello\r\n\r\n0\r\n\r\n"sv,
    // The trailer section.
    "0\r\n\n"sv,
    "0\r\n\rX"sv,
    "0\r\n \r\n"sv,
    "0\r\n X: y\r\n\r\n"sv,
    "0\r\nX: y\n\r\n"sv,
    "0\r\nX: y\r\n\n"sv,
    "0\r\nX: y\r\n z\r\n\r\n"sv,
    "0\r\nX : y\r\n\r\n"sv,
    "0\r\n: y\r\n\r\n"sv,
    "0\r\nX\r\n\r\n"sv,
    "0\r\nX: \0\r\n\r\n"sv,
    "0\r\nX: y\rZ: z\r\n\r\n"sv,
    "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv,
    "0\r\nContent-Length: 5\r\n\r\n"sv,
    "0\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
    "0\r\nHost: a\r\n\r\n"sv,
    "0\r\nConnection: close\r\n\r\n"sv,
    "0\r\nTrailer: X\r\n\r\n"sv,
    "0\r\nAuthorization: x\r\n\r\n"sv,
    "0\r\nX: y\r\nContent-Type: text/html\r\n\r\n"sv,
    "0\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"sv,
};

TEST(ChunkedDecoder, RefusesEveryHostileBodyInWhateverPieces) {
  for (std::string_view bytes : kHostileBodies) {
    SCOPED_TRACE(testing::PrintToString(bytes));
    const Decoded whole = DecodeInPieces(bytes, AllAtOnce());
    EXPECT_EQ(whole.kind, Kind::kError);
    EXPECT_NE(whole.reason, "");
    ExpectOutcomeIndependentOfPieces(bytes, whole);
  }
}

TEST(ChunkedDecoder, AsksForMoreUntilTheLastByteOfTheBody) {
  const std::string_view bytes = "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeInPieces(bytes.substr(0, size), AllAtOnce()).kind, Kind::kNeedMore) << size;
  }
}

TEST(ChunkedDecoder, ReadsTheLargestSize) {
  const ChunkLimits limits;
  ChunkedDecoder decoder(&limits);
  FieldList trailers;
  const ChunkedDecoder::Step step = decoder.Next("7fffffffffffffff\r\nabc", &trailers);
  EXPECT_EQ(step.kind, Kind::kData);
  EXPECT_EQ(step.data, "abc");
}

TEST(ChunkedDecoder, HandsOutDataWithoutWaitingForTheWholeChunk) {
  const ChunkLimits limits;
  ChunkedDecoder decoder(&limits);
  FieldList trailers;
  ChunkedDecoder::Step step = decoder.Next("5\r\nhe", &trailers);
  EXPECT_EQ(step.kind, Kind::kData);
  EXPECT_EQ(step.data, "he");
  EXPECT_EQ(step.consumed, 5u);
  step = decoder.Next("llo\r", &trailers);
  EXPECT_EQ(step.data, "llo");
  EXPECT_EQ(step.consumed, 3u);
  step = decoder.Next("\r", &trailers);
  EXPECT_EQ(step.kind, Kind::kNeedMore);
  EXPECT_EQ(step.consumed, 1u);
}

TEST(ChunkedDecoder, WantsTheUnfinishedTrailerSectionAgain) {
  const ChunkLimits limits;
  ChunkedDecoder decoder(&limits);
  FieldList trailers;
  ChunkedDecoder::Step step = decoder.Next("0\r\nX: y\r\nZ", &trailers);
  EXPECT_EQ(step.kind, Kind::kNeedMore);
  EXPECT_EQ(step.consumed, 3u);
  const std::string section = "X: y\r\nZ: z\r\n\r\nGET";
  step = decoder.Next(section, &trailers);
  EXPECT_EQ(step.kind, Kind::kEnd);
  EXPECT_EQ(step.consumed, section.size() - 3);
  EXPECT_EQ(Describe(trailers), "X: y\nZ: z\n");
}

TEST(ChunkedDecoder, HoldsItsLimitsInWhateverPieces) {
  const ChunkLimits limits = {.max_extension_bytes = 20, .max_trailer_bytes = 60, .max_trailer_fields = 2};
  const struct {
    std::string bytes;
    Kind kind;
  } cases[] = {
      {"1;" + std::string(20, 'a') + "\r\nx\r\n0;" + std::string(20, 'a') + "\r\n\r\n", Kind::kEnd},
      {"1;" + std::string(21, 'a') + "\r\nx\r\n0\r\n\r\n", Kind::kError},
      {"1" + std::string(16, ' ') + ";" + std::string(5, 'a') + "\r\nx\r\n0\r\n\r\n", Kind::kError},
      {"1" + std::string(100, ' '), Kind::kError},
      {"0\r\nA: b\r\nC: d\r\n\r\n", Kind::kEnd},
      {"0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", Kind::kError},
      {"0\r\nA: " + std::string(53, 'b') + "\r\n\r\n", Kind::kEnd},
      {"0\r\nA: " + std::string(54, 'b') + "\r\n\r\n", Kind::kError},
      {"0\r\nA: " + std::string(500, 'b'), Kind::kError},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.bytes);
    const Decoded whole = DecodeInPieces(test.bytes, AllAtOnce(), limits);
    EXPECT_EQ(whole.kind, test.kind) << whole.reason;
    ExpectOutcomeIndependentOfPieces(test.bytes, whole, limits);
  }
}

TEST(ChunkedDecoder, ReadsOneBodyAfterAnother) {
  const ChunkLimits limits;
  ChunkedDecoder decoder(&limits);
  FieldList trailers;
  ASSERT_EQ(decoder.Next("0\r\nX: y\r\n\r\n", &trailers).kind, Kind::kEnd);
  decoder.Reset();
  ASSERT_EQ(decoder.Next("0\r\n\r\n", &trailers).kind, Kind::kEnd);
  EXPECT_TRUE(trailers.empty());
}

}  // namespace
}  // namespace fairlead::http::h1
