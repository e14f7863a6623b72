#include "prober/attempt.h"

#include <gtest/gtest.h>

namespace fairlead::prober {
namespace {

TEST(Printable, LeavesWhatCanBePrinted) { EXPECT_EQ(Printable("HTTP 200 – gut ✓"), "HTTP 200 – gut ✓"); }

TEST(Printable, ReplacesWhatATerminalWouldObeyAndWhatIsNoUtf8) {
  EXPECT_EQ(Printable("a\x1b[31mb\r\n\x7f"), "a?[31mb???");
  EXPECT_EQ(Printable("\xff"
                      "a\xc3"),
            "?a?");
  EXPECT_EQ(Printable(std::string_view("a\0b", 3)), "a?b");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(Printable(std::string(1'000, 'x')).size(), kMaxReason);
  EXPECT_EQ(Printable("ab€", 4), "ab");
  EXPECT_EQ(Printable("ab€", 5), "ab€");
}

}  // namespace
}  // namespace fairlead::prober
