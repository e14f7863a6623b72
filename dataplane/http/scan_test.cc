#include "dataplane/http/scan.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

using Skip = const char* (*)(const char*, const char*);

// Every byte, at every place of a run that is longer than two SSE registers, and with every number of bytes behind it.
void ExpectSkipsExactly(Skip skip, std::string_view allowed) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_allowed = allowed.find(static_cast<char>(byte)) != std::string_view::npos;
    for (size_t size = 1; size <= 40; ++size) {
      for (size_t place = 0; place < size; ++place) {
        std::string text(size, 'a');
        text[place] = static_cast<char>(byte);
        const char* end = text.data() + text.size();
        const size_t expected = is_allowed ? size : place;
        ASSERT_EQ(skip(text.data(), end) - text.data(), expected) << "byte " << byte << " at " << place;
      }
    }
  }
}

std::string Visible() {
  std::string bytes;
  for (char c = 0x21; c < 0x7f; ++c) bytes += c;
  return bytes;
}

TEST(Scan, TokensAreWhatRfc9110Section562Says) {
  ExpectSkipsExactly(SkipToken, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

TEST(Scan, FieldValuesAreVisibleBytesObsTextAndWhiteSpace) {
  std::string allowed = Visible() + " \t";
  for (int c = 0x80; c < 0x100; ++c) allowed += static_cast<char>(c);
  ExpectSkipsExactly(SkipFieldValue, allowed);
}

TEST(Scan, TargetsAreVisibleAsciiWithoutFragment) {
  std::string allowed = Visible();
  allowed.erase(allowed.find('#'), 1);
  ExpectSkipsExactly(SkipTarget, allowed);
}

TEST(Scan, ATokenHasAtLeastOneCharacter) {
  EXPECT_FALSE(IsToken(""));
  EXPECT_TRUE(IsToken("a"));
  EXPECT_FALSE(IsToken("a b"));
}

TEST(Scan, TrimsSpacesAndTabsAtBothEndsOnly) {
  EXPECT_EQ(TrimWhitespace(" \t a \t b\t "), "a \t b");
  EXPECT_EQ(TrimWhitespace(" \t "), "");
  EXPECT_EQ(TrimWhitespace(""), "");
  EXPECT_EQ(TrimWhitespace("\va\v"), "\va\v");
}

}  // namespace
}  // namespace fairlead::http
