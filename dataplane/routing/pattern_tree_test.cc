#include "dataplane/routing/pattern_tree.h"

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/allocation_counter.h"
#include "gtest/gtest.h"

namespace fairlead::routing {
namespace {

using Pattern = PatternTree::Pattern;
constexpr auto kExact = Pattern::Kind::kExact;
constexpr auto kPrefix = Pattern::Kind::kPrefix;
constexpr uint32_t kNone = PatternTree::kNone;

TEST(PatternTree, MatchesNothingWithoutPatterns) {
  PatternTree tree({});
  EXPECT_EQ(tree.Find(""), kNone);
  EXPECT_EQ(tree.Find("/"), kNone);
}

TEST(PatternTree, MatchesAnExactPatternWholeOnly) {
  PatternTree tree({{"/old", kExact, 0}});
  EXPECT_EQ(tree.Find("/old"), 0u);
  EXPECT_EQ(tree.Find("/ol"), kNone);
  EXPECT_EQ(tree.Find("/olds"), kNone);
  EXPECT_EQ(tree.Find("/oldest"), kNone);
}

TEST(PatternTree, MatchesAPrefixByteByByte) {
  PatternTree tree({{"/api", kPrefix, 0}});
  EXPECT_EQ(tree.Find("/api"), 0u);
  EXPECT_EQ(tree.Find("/apis"), 0u);
  EXPECT_EQ(tree.Find("/api/users"), 0u);
  EXPECT_EQ(tree.Find("/ap"), kNone);
  EXPECT_EQ(tree.Find("/aPi"), kNone);
}

TEST(PatternTree, MatchesEverythingByTheEmptyPrefix) {
  PatternTree tree({{"", kPrefix, 4}});
  EXPECT_EQ(tree.Find(""), 4u);
  EXPECT_EQ(tree.Find("*"), 4u);
}

TEST(PatternTree, FindsTheLowestRankAndNotTheLongestPattern) {
  PatternTree tree({{"/a/b", kPrefix, 1}, {"/a", kPrefix, 0}, {"/a/b/c", kExact, 2}});
  EXPECT_EQ(tree.Find("/a/b/c"), 0u);
  PatternTree other_way({{"/a/b", kPrefix, 1}, {"/a", kPrefix, 2}, {"/a/b/c", kExact, 0}});
  EXPECT_EQ(other_way.Find("/a/b/c"), 0u);
  EXPECT_EQ(other_way.Find("/a/b/d"), 1u);
  EXPECT_EQ(other_way.Find("/a/d"), 2u);
}

TEST(PatternTree, FindsTheLowestRankOfEqualPatterns) {
  PatternTree tree({{"/a", kExact, 5}, {"/a", kExact, 3}, {"/a", kPrefix, 4}, {"/a", kPrefix, 6}});
  EXPECT_EQ(tree.Find("/a"), 3u);
  EXPECT_EQ(tree.Find("/ab"), 4u);
}

TEST(PatternTree, TellsAllBytesApart) {
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; ++byte) texts.push_back({'x', static_cast<char>(byte)});
  std::vector<Pattern> patterns;
  for (uint32_t i = 0; i < texts.size(); ++i) patterns.push_back({texts[i], kExact, i});
  PatternTree tree(patterns);
  for (uint32_t i = 0; i < texts.size(); ++i) EXPECT_EQ(tree.Find(texts[i]), i);
}

TEST(PatternTree, NeedsNoneOfThePatternsOnceItIsBuilt) {
  std::string text = "/gone";
  PatternTree tree({{text, kExact, 0}});
  text = "/else";
  EXPECT_EQ(tree.Find("/gone"), 0u);
}

// As deep as it gets: every beginning of one long text is a pattern, the longer the lower its rank.
TEST(PatternTree, FindsItsWayThroughNestedPrefixes) {
  const std::string text(5'000, 'a');
  std::vector<Pattern> patterns;
  for (uint32_t size = 0; size < text.size(); ++size) {
    patterns.push_back({std::string_view(text).substr(0, size), kPrefix, 5'000 - size});
  }
  PatternTree tree(patterns);
  EXPECT_EQ(tree.Find(text), 1u);
  EXPECT_EQ(tree.Find("aaab"), 4'997u);
}

TEST(PatternTree, AllocatesNothingToFind) {
  PatternTree tree({{"/a", kPrefix, 0}, {"/b", kExact, 1}});
  base::AllocationCounter counter;
  tree.Find("/a/b/c");
  EXPECT_EQ(counter.allocations(), 0u);
}

TEST(PatternTree, BehavesAsPatternsTriedOneByOne) {
  std::mt19937 random(1);
  const auto random_text = [&] {
    std::string text(random() % 8, ' ');
    for (char& byte : text) byte = "ab/"[random() % 3];
    return text;
  };
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> texts(random() % 40);
    std::generate(texts.begin(), texts.end(), random_text);
    std::vector<Pattern> patterns;
    for (const std::string& text : texts) {
      patterns.push_back({text, random() % 2 == 0 ? kExact : kPrefix, static_cast<uint32_t>(random() % 30)});
    }
    PatternTree tree(patterns);
    for (int i = 0; i < 100; ++i) {
      const std::string text = random_text();
      uint32_t expected = kNone;
      for (const Pattern& pattern : patterns) {
        const bool matches = pattern.kind == kExact ? text == pattern.text : text.starts_with(pattern.text);
        if (matches) expected = std::min(expected, pattern.rank);
      }
      ASSERT_EQ(tree.Find(text), expected) << text;
    }
  }
}

}  // namespace
}  // namespace fairlead::routing
