#include "dataplane/http/ascii.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

TEST(Ascii, TakesLettersOfBothCasesAsEqualAndNothingElse) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const bool letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z' && (a ^ b) == 0x20;
      EXPECT_EQ(EqualsIgnoreCase(std::string(1, static_cast<char>(a)), std::string(1, static_cast<char>(b))),
                a == b || letters)
          << a << " " << b;
    }
  }
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
}

TEST(Ascii, FindsAPrefix) {
  EXPECT_TRUE(StartsWithIgnoreCase("HTTP://a", "http://"));
  EXPECT_FALSE(StartsWithIgnoreCase("http:/", "http://"));
  EXPECT_TRUE(StartsWithIgnoreCase("a", ""));
}

}  // namespace
}  // namespace fairlead::http
