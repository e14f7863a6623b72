#include "api/yaml/quoting.h"

#include <gtest/gtest.h>

#include "api/yaml/utf8.h"

namespace fairlead::api {
namespace {

TEST(QuoteYaml, LeavesWordsPathsAndAddressesPlain) {
  for (const char* text : {"web", "api-v1", "example.org", "/api/", "_x", "127.0.0.1", "10.0.0.0/8", "deadbeef"}) {
    EXPECT_EQ(QuoteYaml(text, YamlContext::kBlock), text);
    EXPECT_EQ(QuoteYaml(text, YamlContext::kFlow), text);
  }
}

TEST(QuoteYaml, LeavesColonsPlainOnlyOutsideBraces) {
  EXPECT_EQ(QuoteYaml("127.0.0.1:80", YamlContext::kBlock), "127.0.0.1:80");
  EXPECT_EQ(QuoteYaml("unix:/run/x.sock", YamlContext::kBlock), "unix:/run/x.sock");
  EXPECT_EQ(QuoteYaml("127.0.0.1:80", YamlContext::kFlow), "\"127.0.0.1:80\"");
  EXPECT_EQ(QuoteYaml("a:", YamlContext::kBlock), "\"a:\"");
}

TEST(QuoteYaml, QuotesWhatSomeReaderTakesForSomethingElse) {
  for (const char* text :
       {"",         "no",         "Yes", "NULL", "true",     "y",   "8080", "1.5", "1e3", "0x1f", "-1",  "+1", ".5",
        "12:30:45", "2026-11-23", "~",   "*",    "[::1]:80", "- a", "a b",  "a#b", "@x",  "%x",   "---", "1st"}) {
    EXPECT_EQ(QuoteYaml(text, YamlContext::kBlock), "\"" + std::string(text) + "\"");
  }
}

TEST(QuoteYaml, EscapesWhatIsNotToBeSeen) {
  EXPECT_EQ(QuoteYaml("a\"b\\c\nd\te\rf", YamlContext::kBlock), "\"a\\\"b\\\\c\\nd\\te\\x0df\"");
  EXPECT_EQ(QuoteYaml(std::string("\0", 1), YamlContext::kBlock), "\"\\x00\"");
  EXPECT_EQ(QuoteYaml("\x7f", YamlContext::kBlock), "\"\\x7f\"");
  EXPECT_EQ(QuoteYaml("\u0085\u00a0", YamlContext::kBlock), "\"\\x85\\xa0\"");
  EXPECT_EQ(QuoteYaml("\u2028\u2029\ufeff", YamlContext::kBlock), "\"\\u2028\\u2029\\ufeff\"");
  EXPECT_EQ(QuoteYaml("Grüße", YamlContext::kBlock), "\"Grüße\"");
  EXPECT_EQ(QuoteYaml("\xff", YamlContext::kBlock), "\"\\ufffd\"");
}

TEST(SuitsLiteralBlock, IsForLinesThatABlockKeeps) {
  EXPECT_TRUE(SuitsLiteralBlock("-----BEGIN-----\nabc\n\n  def\n"));
  EXPECT_TRUE(SuitsLiteralBlock("a\nb"));
  for (const char* text : {"", "one line", "\na", " a\nb", "a\n\n", "a\tb\n", "ü\n", "a\r\n"}) {
    EXPECT_FALSE(SuitsLiteralBlock(text)) << text;
  }
}

// The cases are those of RFC 3629 §4 and its neighbours on either side.
TEST(FindInvalidUtf8, TakesAllOfUnicodeInShortestFormAndNothingElse) {
  for (const char* text :
       {"", "a", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"}) {
    EXPECT_EQ(FindInvalidUtf8(text), std::string_view::npos) << text;
  }
  for (const char* text : {"\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf1\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(FindInvalidUtf8(std::string("ab") + text + "c"), 2) << text;
  }
}

}  // namespace
}  // namespace fairlead::api
