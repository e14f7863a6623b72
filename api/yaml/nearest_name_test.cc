#include "api/yaml/nearest_name.h"

#include <gtest/gtest.h>

namespace fairlead::api {
namespace {

const std::vector<std::string_view> kNames = {"address", "admin_state", "id", "route_tables", "weight"};

TEST(NearestName, ForgivesALetterTooManyTooFewChangedOrSwapped) {
  EXPECT_EQ(NearestName("weightt", kNames), "weight");
  EXPECT_EQ(NearestName("adress", kNames), "address");
  EXPECT_EQ(NearestName("weicht", kNames), "weight");
  EXPECT_EQ(NearestName("wieght", kNames), "weight");
}

TEST(NearestName, ForgivesCaseAndWordSeparators) {
  EXPECT_EQ(NearestName("routeTables", kNames), "route_tables");
  EXPECT_EQ(NearestName("ADMIN-STATE", kNames), "admin_state");
}

TEST(NearestName, GuessesNothingForAWordUnlikeAll) {
  EXPECT_EQ(NearestName("protocol", kNames), "");
  EXPECT_EQ(NearestName("xy", kNames), "");
  EXPECT_EQ(NearestName("", kNames), "");
  EXPECT_EQ(NearestName(std::string(100'000, 'x'), kNames), "");
}

TEST(DidYouMean, IsAPhraseOrNothing) {
  EXPECT_EQ(DidYouMean("wieght", kNames), " did you mean \"weight\"?");
  EXPECT_EQ(DidYouMean("protocol", kNames), "");
}

}  // namespace
}  // namespace fairlead::api
