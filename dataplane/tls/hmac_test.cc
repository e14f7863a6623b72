#include "dataplane/tls/hmac.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fairlead::tls {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// RFC 4231 §4.2, §4.3 and §4.7 (a key longer than a block).
TEST(HmacSha256, IsThatOfTheTestVectors) {
  EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(SameSecret, LooksAtAllOfBoth) {
  EXPECT_TRUE(SameSecret("secret", "secret"));
  EXPECT_FALSE(SameSecret("secret", "secreT"));
  EXPECT_FALSE(SameSecret("Secret", "secret"));
  EXPECT_FALSE(SameSecret("secret", "secre"));
  EXPECT_TRUE(SameSecret("", ""));
}

}  // namespace
}  // namespace fairlead::tls
