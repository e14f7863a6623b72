#include "dataplane/http/content_length.h"

#include <gtest/gtest.h>

#include <string_view>

namespace fairlead::http {
namespace {

TEST(ContentLength, IsDigitsAlone) {
  EXPECT_EQ(ParseContentLength("0"), 0u);
  EXPECT_EQ(ParseContentLength("5"), 5u);
  EXPECT_EQ(ParseContentLength("010"), 10u);
  for (std::string_view value : {"", " ", " 5", "5 ", "+5", "-5", "0x5", "5,5", "5, 5", "5;", "1e3", "5\n"}) {
    EXPECT_EQ(ParseContentLength(value), std::nullopt) << value;
  }
}

TEST(ContentLength, FitsASignedInteger) {
  EXPECT_EQ(ParseContentLength("9223372036854775807"), 9223372036854775807u);
  EXPECT_EQ(ParseContentLength("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseContentLength("18446744073709551616"), std::nullopt);
  EXPECT_EQ(ParseContentLength("18446744073709551617"), std::nullopt);
}

}  // namespace
}  // namespace fairlead::http
