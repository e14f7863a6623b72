#include "dataplane/http/h1/framing.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http::h1 {
namespace {

TEST(TransferEncoding, IsChunkedInAnyCase) {
  EXPECT_EQ(ParseTransferEncoding("chunked"), TransferCoding::kChunked);
  EXPECT_EQ(ParseTransferEncoding("Chunked"), TransferCoding::kChunked);
  EXPECT_EQ(ParseTransferEncoding("CHUNKED"), TransferCoding::kChunked);
}

TEST(TransferEncoding, OtherCodingsBelowChunkedAreUnsupported) {
  for (std::string_view value : {"gzip, chunked", "gzip,chunked", "gzip;a=b, deflate, chunked", "identity, CHUNKED"}) {
    EXPECT_EQ(ParseTransferEncoding(value), TransferCoding::kUnsupported) << value;
  }
}

TEST(TransferEncoding, AllElseIsMalformed) {
  for (std::string_view value : {"", ",", "gzip", "chunked, gzip", "chunked,", ",chunked", "chunked,chunked",
                                 "xchunked", "chunked;q=1", "\"chunked\"", "chunked chunked", "gz(ip, chunked"}) {
    EXPECT_EQ(ParseTransferEncoding(value), TransferCoding::kMalformed) << value;
  }
}

bool AllowsKeepAlive(std::string_view connection, uint8_t minor_version) {
  FramingFields fields;
  uint64_t content_length = 0;
  fields.OnField(KnownField::kConnection, connection, minor_version, &content_length);
  return fields.allows_keep_alive(minor_version);
}

TEST(Connection, StaysOpenByDefaultInHttp11AndOnRequestInHttp10) {
  EXPECT_TRUE(FramingFields().allows_keep_alive(1));
  EXPECT_FALSE(FramingFields().allows_keep_alive(0));
  EXPECT_TRUE(AllowsKeepAlive("keep-alive", 0));
  EXPECT_TRUE(AllowsKeepAlive("x, Keep-Alive", 0));
  EXPECT_TRUE(AllowsKeepAlive("upgrade", 1));
}

TEST(Connection, CloseWinsOverKeepAlive) {
  EXPECT_FALSE(AllowsKeepAlive("close", 1));
  EXPECT_FALSE(AllowsKeepAlive("CLOSE", 1));
  EXPECT_FALSE(AllowsKeepAlive("keep-alive, close", 1));
  EXPECT_FALSE(AllowsKeepAlive("close, keep-alive", 0));
  EXPECT_TRUE(AllowsKeepAlive("closed", 1));
}

TEST(Connection, NamesOptionsOnlyBeyondCloseAndKeepAlive) {
  uint64_t content_length = 0;
  FramingFields fields;
  fields.OnField(KnownField::kConnection, "close, keep-alive, , ", 1, &content_length);
  EXPECT_FALSE(fields.has_connection_options());
  fields.OnField(KnownField::kConnection, "x-a", 1, &content_length);
  EXPECT_TRUE(fields.has_connection_options());
}

TEST(Connection, IsBoundedInNumberAndSizeOfItsOptions) {
  uint64_t content_length = 0;
  const auto outcome = [&](FramingFields& fields, const std::string& value) {
    return fields.OnField(KnownField::kConnection, value, 1, &content_length).outcome;
  };
  FramingFields longest;
  EXPECT_EQ(outcome(longest, std::string(64, 'a')), ParseResult::Outcome::kDone);
  EXPECT_EQ(outcome(longest, std::string(65, 'a')), ParseResult::Outcome::kError);

  FramingFields most;
  for (int i = 0; i < 32; ++i) EXPECT_EQ(outcome(most, "x, close, keep-alive, ,"), ParseResult::Outcome::kDone);
  EXPECT_EQ(outcome(most, "x"), ParseResult::Outcome::kError);
}

}  // namespace
}  // namespace fairlead::http::h1
