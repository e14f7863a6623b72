#include "dataplane/base/crc32c.h"

#include <string>

#include "gtest/gtest.h"

namespace fairlead::base {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, IsThatOfTheRfcsExamples) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string rising;
  for (char byte = 0; byte < 32; ++byte) rising += byte;
  EXPECT_EQ(Crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32c, OfPiecesIsThatOfTheWhole) {
  const std::string whole = "The quick brown fox jumps over the lazy dog, again and again.";
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    EXPECT_EQ(Crc32c(whole.substr(cut), Crc32c(whole.substr(0, cut))), Crc32c(whole)) << cut;
  }
}

}  // namespace
}  // namespace fairlead::base
