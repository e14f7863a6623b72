#include "dataplane/routing/query_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::routing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  AnyParameter(query, name, [&](std::string_view value) {
    values.push_back(DecodeParameter(value));
    return false;
  });
  return values;
}

TEST(QueryParameters, AreFoundByName) {
  EXPECT_THAT(Values("a=1&b=2&a=3", "a"), ElementsAre("1", "3"));
  EXPECT_THAT(Values("a=1&b=2", "c"), IsEmpty());
  EXPECT_THAT(Values("aa=1&A=2", "a"), IsEmpty());
  EXPECT_THAT(Values("", "a"), IsEmpty());
}

TEST(QueryParameters, MayHaveNoValue) {
  EXPECT_THAT(Values("a&b=&a", "a"), ElementsAre("", ""));
  EXPECT_THAT(Values("&&b=&&", "b"), ElementsAre(""));
}

TEST(QueryParameters, EndTheirNameAtTheFirstEqualsSign) { EXPECT_THAT(Values("a=b=c", "a"), ElementsAre("b=c")); }

TEST(QueryParameters, AreDecoded) {
  EXPECT_THAT(Values("a%20b=c%2Bd+e", "a b"), ElementsAre("c+d e"));
  EXPECT_THAT(Values("%61+b=%c3%A9", "a b"), ElementsAre("\xc3\xa9"));
  EXPECT_THAT(Values("a=%26%3d", "a"), ElementsAre("&="));
}

TEST(QueryParameters, KeepWhatIsNoEscape) {
  EXPECT_THAT(Values("a=%&a=%4&a=%zz&a=100%25", "a"), ElementsAre("%", "%4", "%zz", "100%"));
}

TEST(QueryParameters, HaveNoOtherSeparator) { EXPECT_THAT(Values("a=1;b=2", "a"), ElementsAre("1;b=2")); }

TEST(DecodesTo, ComparesAllOfBoth) {
  EXPECT_TRUE(DecodesTo("%61b", "ab"));
  EXPECT_TRUE(DecodesTo("", ""));
  EXPECT_FALSE(DecodesTo("ab", "a"));
  EXPECT_FALSE(DecodesTo("a", "ab"));
  EXPECT_FALSE(DecodesTo("%61", "ab"));
  EXPECT_FALSE(DecodesTo("%6", "%6x"));
  EXPECT_FALSE(DecodesTo("%61%62", "a"));
  EXPECT_TRUE(DecodesTo("%00", std::string_view("\0", 1)));
}

}  // namespace
}  // namespace fairlead::routing
