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

// EqualsLowerCase by the letter: the literal in both cases, then every other byte at every place.
template <size_t kSize>
void ExpectEqualsExactly(const char (&literal)[kSize]) {
  const std::string lower(literal);
  std::string upper = lower;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(EqualsLowerCase(lower, literal));
  EXPECT_TRUE(EqualsLowerCase(upper, literal));
  EXPECT_FALSE(EqualsLowerCase(lower.substr(1), literal));
  EXPECT_FALSE(EqualsLowerCase(lower + "a", literal));
  for (size_t i = 0; i < lower.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = lower;
      other[i] = static_cast<char>(byte);
      EXPECT_EQ(EqualsLowerCase(other, literal), EqualsIgnoreCase(other, lower)) << other;
    }
  }
}

TEST(Ascii, ComparesWithLiteralsOfEverySizeClass) {
  ExpectEqualsExactly("te");
  ExpectEqualsExactly("x-y");
  ExpectEqualsExactly("host");
  ExpectEqualsExactly("close");
  ExpectEqualsExactly("chunked");
  ExpectEqualsExactly("gzip-[@]");
  ExpectEqualsExactly("keep-alive");
  ExpectEqualsExactly("proxy-connection");
  ExpectEqualsExactly("transfer-encoding");
  ExpectEqualsExactly("a-name-of-24-characters.");
}

TEST(Ascii, FindsAPrefix) {
  EXPECT_TRUE(StartsWithIgnoreCase("HTTP://a", "http://"));
  EXPECT_FALSE(StartsWithIgnoreCase("http:/", "http://"));
  EXPECT_TRUE(StartsWithIgnoreCase("a", ""));
}

TEST(Ascii, FoldsUnderscores) {
  EXPECT_TRUE(EqualsFolded("X_Real-IP", "x-real-ip"));
  EXPECT_FALSE(EqualsFolded("X_Real.IP", "x-real-ip"));
  EXPECT_FALSE(EqualsFolded("X-Real-I", "x-real-ip"));
  EXPECT_TRUE(StartsWithFolded("x_forwarded_For", "x-forwarded-"));
  EXPECT_FALSE(StartsWithFolded("x_forwarded", "x-forwarded-"));
}

}  // namespace
}  // namespace fairlead::http
