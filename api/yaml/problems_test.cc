#include "api/yaml/problems.h"

#include <gtest/gtest.h>

#include "api/yaml/concat.h"

namespace fairlead::api {
namespace {

TEST(YamlProblems, NoneAreOk) { EXPECT_EQ(YamlProblems("a.yaml").ToStatus(), absl::OkStatus()); }

TEST(YamlProblems, AreListedByLineWithFileAndPath) {
  YamlProblems problems("a.yaml");
  problems.Add(7, "backends[0].id", "late");
  problems.Add(2, "", "early");
  problems.Add(7, "backends[0].id", "later");
  EXPECT_EQ(
      problems.ToStatus(),
      absl::InvalidArgumentError("a.yaml:2: early\na.yaml:7: backends[0].id: late\na.yaml:7: backends[0].id: later"));
}

TEST(YamlProblems, OfATextWithoutANameStandInTheInput) {
  YamlProblems problems("");
  problems.Add(1, "", "bad");
  EXPECT_EQ(problems.ToStatus(), absl::InvalidArgumentError("input:1: bad"));
}

TEST(YamlProblems, BeyondAHundredAreOnlyCounted) {
  YamlProblems problems("a.yaml");
  for (int line = 1; line <= 102; ++line) problems.Add(line, "", "bad");
  EXPECT_TRUE(problems.is_full());
  const std::string message(problems.ToStatus().message());
  EXPECT_TRUE(message.ends_with("a.yaml:100: bad\na.yaml: and 2 more")) << message;
}

TEST(Concat, TakesTextsAndNumbers) {
  EXPECT_EQ(Concat("a", std::string("b"), std::string_view("c"), -1, uint64_t{18446744073709551615u}),
            "abc-118446744073709551615");
  EXPECT_EQ(Concat(), "");
}

TEST(Join, SeparatesEmptyPartsToo) {
  EXPECT_EQ(Join(std::vector<std::string>{"", "b", ""}, ", "), ", b, ");
  EXPECT_EQ(Join(std::vector<int>{1}, ", "), "1");
}

}  // namespace
}  // namespace fairlead::api
