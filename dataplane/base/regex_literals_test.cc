#include "dataplane/base/regex_literals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Those that must be there, where long ones tell more.
std::vector<std::string> Literals(std::string_view pattern) {
  return RegexLiterals(**Regex::Compile(pattern)).Required([](const std::string& a, const std::string& b) {
    return a.size() < b.size();
  });
}

TEST(RegexLiterals, AreFewAndTelling) {
  EXPECT_THAT(Literals("/team-1/.*"), ElementsAre("/team-1/"));
  EXPECT_THAT(Literals("/[a-z]{2}/us/[0-9]+/orders(/.*)?"), ElementsAre("/orders"));
  EXPECT_THAT(Literals("/(en|de)/product/[0-9]+"), UnorderedElementsAre("/en/product/", "/de/product/"));
  EXPECT_THAT(Literals("(?i)/FOO/.*"), ElementsAre("/foo/"));
}

TEST(RegexLiterals, AreNoneWhereNothingMustBeThere) {
  EXPECT_THAT(Literals(".*"), IsEmpty());
  EXPECT_THAT(Literals("/[0-9]+"), IsEmpty());
  EXPECT_THAT(Literals("/abc|.*"), IsEmpty());
}

// Whatever matches holds one of them: a filter that forgot a match would send a request the wrong way.
TEST(RegexLiterals, StandInEveryTextThatMatches) {
  std::mt19937 random(1);
  const char* const pieces[] = {"ab",   "ba",     "A",  "b", "(ab|ba)", "(a|bb)?",
                                "[ab]", "(abb)*", "b+", ".", "(?i:aB)", "|"};
  int filtered = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::string pattern;
    for (size_t i = 1 + random() % 5; i > 0; --i) pattern += pieces[random() % std::size(pieces)];
    const auto regex = *Regex::Compile(pattern);
    const std::vector<std::string> literals = Literals(pattern);
    filtered += !literals.empty();
    for (int i = 0; i < 50; ++i) {
      std::string text;
      for (size_t j = random() % 7; j > 0; --j) text += "abAB"[random() % 4];
      if (!regex->MatchesWhole(text) || literals.empty()) continue;
      std::string lower;
      for (char c : text) lower += c | 0x20;
      const bool holds_one = std::any_of(literals.begin(), literals.end(), [&](const std::string& literal) {
        return lower.find(literal) != std::string::npos;
      });
      ASSERT_TRUE(holds_one) << pattern << " " << text;
    }
  }
  EXPECT_GT(filtered, 500);
}

}  // namespace
}  // namespace fairlead::base
