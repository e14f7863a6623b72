#include "dataplane/base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace fairlead::base {
namespace {

// By RFC 3629 §3, from the code point: what the bit patterns say, surrogates and size apart.
std::string Encode(uint32_t c) {
  auto byte = [](uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f))};
  if (c < 0x10000) return {byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
  return {byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
}

TEST(Utf8, KnowsEveryCodePointAndNoSurrogateAndNothingBeyond) {
  for (uint32_t c = 0; c < 0x120000; ++c) {
    const bool valid = c < 0x110000 && !(0xd800 <= c && c < 0xe000);
    const std::string text = Encode(c);
    ASSERT_EQ(Utf8CharacterSize(text), valid ? text.size() : 0) << std::hex << c;
  }
}

TEST(Utf8, RefusesOverlongForms) {
  for (const char* text :
       {"\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf"}) {
    EXPECT_FALSE(IsValidUtf8(text));
  }
}

TEST(Utf8, RefusesWhatIsCutShortOrHasNoBeginning) {
  for (const char* text : {"\x80", "\xbf", "\xc3", "a\xe2\x82", "\xf0\x9f\x98", "\xc3z", "\xe2\x82z", "\xf0\x9f\x98z",
                           "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(IsValidUtf8(text));
  }
}

TEST(Utf8, AllowsTextOfManyScripts) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("plain, é, €, 😀"));
  EXPECT_TRUE(IsValidUtf8(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace fairlead::base
