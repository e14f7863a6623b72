#include "dataplane/base/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::base {
namespace {

std::shared_ptr<const Regex> Compiled(std::string_view pattern) {
  absl::StatusOr<std::shared_ptr<const Regex>> regex = Regex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << pattern << ": " << regex.status();
  return *std::move(regex);
}

std::string Fault(std::string_view pattern) { return std::string(Regex::Compile(pattern).status().message()); }

TEST(Regex, MatchesTheWholeTextAlone) {
  const auto regex = Compiled("/a|/ab+");
  EXPECT_TRUE(regex->MatchesWhole("/a"));
  EXPECT_TRUE(regex->MatchesWhole("/abb"));
  EXPECT_FALSE(regex->MatchesWhole("/abc"));
  EXPECT_FALSE(regex->MatchesWhole("x/a"));
  EXPECT_FALSE(regex->MatchesWhole("/a\n"));
}

TEST(Regex, MatchesBytes) {
  EXPECT_TRUE(
      Compiled("a.b")->MatchesWhole("a\xff"
                                    "b"));
  EXPECT_TRUE(Compiled("caf\\xc3\\xa9")->MatchesWhole("caf\xc3\xa9"));
  EXPECT_TRUE(Compiled("a.b")->MatchesWhole(std::string_view("a\0b", 3)));
}

TEST(Regex, IsRefusedWithRe2sReason) {
  EXPECT_EQ(Fault("/(a"), "missing ): /(a");
  EXPECT_EQ(Fault("[z-a]"), "invalid character class range: z-a");
  EXPECT_EQ(Fault("(?=x)"), "invalid perl operator: (?=");
  EXPECT_EQ(Fault("caf\xc3\xa9"), "not ASCII; other bytes are written as \\xNN");
  EXPECT_EQ(Fault(std::string(1'025, 'a')), "longer than 1024 bytes: 1025");
  EXPECT_EQ(Fault("(((a{30}){30}){30})"), "invalid repetition size: {30}");
  EXPECT_EQ(Fault("\\w{1000}"), "compiles to 3004 instructions; at most 2000");
  EXPECT_EQ(Fault("\\w{1000}\\w{1000}\\w{1000}\\w{1000}\\w{1000}\\w{1000}\\w{1000}"),
            "pattern too large - compile failed");
}

TEST(Regex, MayBeAsLongAsTheLimit) {
  EXPECT_TRUE(Compiled(std::string(1'024, 'a'))->MatchesWhole(std::string(1'024, 'a')));
}

// Exponential in engines that go back (ReDoS).
TEST(Regex, TakesLinearTime) { EXPECT_FALSE(Compiled("(a*)*(a|aa)+(a+)+b")->MatchesWhole(std::string(8'192, 'a'))); }

TEST(RegexReplace, ReplacesTheFirstPartThatMatches) {
  EXPECT_EQ(Compiled("b+")->ReplaceFirst("/abba/b", "x"), "/axa/b");
  EXPECT_EQ(Compiled("^/v1")->ReplaceFirst("/v1/v1", "/v2"), "/v2/v1");
  EXPECT_EQ(Compiled("x")->ReplaceFirst("/a", "y"), std::nullopt);
  EXPECT_EQ(Compiled("")->ReplaceFirst("/a", "x"), "x/a");
  EXPECT_EQ(Compiled("$")->ReplaceFirst("/a", "x"), "/ax");
}

TEST(RegexReplace, PutsGroupsIn) {
  EXPECT_EQ(Compiled("^/users/([0-9]+)/(.*)$")->ReplaceFirst("/users/7/a", "/\\2/of/\\1"), "/a/of/7");
  EXPECT_EQ(Compiled("a(b)?")->ReplaceFirst("/a", "<\\0\\1\\\\>"), "/<a\\>");
}

TEST(RegexReplace, RefusesASubstitutionThatMeansNothing) {
  EXPECT_EQ(FaultOfSubstitution("/\\0\\1\\\\", 1), "");
  EXPECT_EQ(FaultOfSubstitution("/\\2", 1), "\\2, but the pattern has 1 groups");
  EXPECT_EQ(FaultOfSubstitution("/\\n", 1), "a backslash before something other than a digit or a backslash");
  EXPECT_EQ(FaultOfSubstitution("/\\", 1), "ends with a single backslash");
}

}  // namespace
}  // namespace fairlead::base
