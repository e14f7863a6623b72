#include "dataplane/access_log/format_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairlead::access_log {
namespace {

using config::LogField;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(std::string_view format) {
  config::AccessLog log;
  log.request_headers = {"x-trace"};
  return ParseFormat(format, &log);
}

TEST(FormatParser, TakesTextsAndFieldsApart) {
  config::AccessLog log;
  EXPECT_EQ(ParseFormat("%{client} - \"%{path}\" 100%%", &log), "");
  ASSERT_EQ(log.pieces.size(), 2u);
  EXPECT_EQ(log.pieces[0].text, "");
  EXPECT_EQ(log.pieces[0].field, LogField::kClient);
  EXPECT_EQ(log.pieces[1].text, " - \"");
  EXPECT_EQ(log.pieces[1].field, LogField::kPath);
  EXPECT_EQ(log.tail, "\" 100%");
  EXPECT_FALSE(log.is_json());
}

TEST(FormatParser, KnowsTheHeadersThatAreNamedBesideIt) {
  config::AccessLog log;
  log.request_headers = {"x-a", "x-b"};
  log.response_headers = {"server"};
  EXPECT_EQ(ParseFormat("%{request_header.X-B}%{response_header.Server}", &log), "");
  ASSERT_EQ(log.pieces.size(), 2u);
  EXPECT_EQ(log.pieces[0].field, LogField::kRequestHeader);
  EXPECT_EQ(log.pieces[0].header, 1);
  EXPECT_EQ(log.pieces[1].field, LogField::kResponseHeader);
  EXPECT_EQ(log.pieces[1].header, 0);
}

TEST(FormatParser, SaysWhatIsWrongAndWhatWouldBeRight) {
  EXPECT_THAT(ErrorOf("%{ip}"), AllOf(HasSubstr("unknown field \"ip\"; known are time, type, listener"),
                                      HasSubstr("detail, request_header.x-trace")));
  EXPECT_THAT(ErrorOf("%{request_header.cookie}"), HasSubstr("name \"cookie\" in request_headers first"));
  EXPECT_EQ(ErrorOf("ab %{client"), "\"%{\" without a \"}\" at byte 3 of the format");
  EXPECT_EQ(ErrorOf("100%"), "'%' is followed by neither '{' nor '%' at byte 3 of the format");
  EXPECT_EQ(ErrorOf("%h"), "'%' is followed by neither '{' nor '%' at byte 0 of the format");
  EXPECT_EQ(ErrorOf("a\nb"), "a control character at byte 1 of the format");
  EXPECT_EQ(ErrorOf("\xff"), "not UTF-8 at byte 0 of the format");
  std::string many;
  for (size_t i = 0; i <= kMaxFormatFields; ++i) many += "%{path}";
  EXPECT_EQ(ErrorOf(many), "more than 128 fields");
}

TEST(FormatParser, ShowsHostileNamesHarmlessly) { EXPECT_THAT(ErrorOf("%{\n\x1b}"), HasSubstr("\"\\x0a\\x1b\"")); }

}  // namespace
}  // namespace fairlead::access_log
