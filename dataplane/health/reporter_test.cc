#include "dataplane/health/reporter.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

TEST(BackendPatterns, WithoutAnyMatchNothing) {
  EXPECT_FALSE(BackendPatterns().Match("web"));
  EXPECT_FALSE(BackendPatterns().Match(""));
}

TEST(BackendPatterns, NameBackendsOneByOne) {
  const BackendPatterns patterns({"web", "api"});
  EXPECT_TRUE(patterns.Match("web"));
  EXPECT_TRUE(patterns.Match("api"));
  EXPECT_FALSE(patterns.Match("we"));
  EXPECT_FALSE(patterns.Match("web2"));
}

TEST(BackendPatterns, NameAllWithABeginning) {
  const BackendPatterns patterns({"team-a-*", "db"});
  EXPECT_TRUE(patterns.Match("team-a-web"));
  EXPECT_TRUE(patterns.Match("team-a-"));
  EXPECT_FALSE(patterns.Match("team-a"));
  EXPECT_FALSE(patterns.Match("team-b-web"));
  EXPECT_FALSE(patterns.Match("db2"));
}

TEST(BackendPatterns, AStarAloneMatchesAll) {
  const BackendPatterns patterns({"*"});
  EXPECT_TRUE(patterns.Match("web"));
  EXPECT_TRUE(patterns.Match("-"));
}

TEST(BackendPatterns, MatchAsALookAtEachWould) {
  std::mt19937 random(1);
  const auto word = [&] {
    std::string text(random() % 5, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 2);
    return text;
  };
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> patterns;
    for (int i = 0; i < 4; ++i) patterns.push_back(word() + (random() % 2 == 0 ? "*" : ""));
    const BackendPatterns compiled(patterns);
    for (int i = 0; i < 8; ++i) {
      const std::string id = word();
      bool expected = false;
      for (const std::string& pattern : patterns) {
        expected |= pattern.ends_with('*') ? id.starts_with(pattern.substr(0, pattern.size() - 1)) : id == pattern;
      }
      EXPECT_EQ(compiled.Match(id), expected) << id;
    }
  }
}

}  // namespace
}  // namespace fairlead::health
