#include "dataplane/routing/literal_finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/allocation_counter.h"

namespace fairlead::routing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<uint32_t> Found(const LiteralFinder& finder, std::string_view text) {
  std::vector<uint32_t> found;
  finder.Find(text, [&](uint32_t value) { found.push_back(value); });
  return found;
}

TEST(LiteralFinder, FindsNothingWithoutLiterals) { EXPECT_THAT(Found(LiteralFinder({}), "/a"), IsEmpty()); }

TEST(LiteralFinder, FindsLiteralsAnywhere) {
  const LiteralFinder finder({{"/a/", 1}, {"bc", 2}});
  EXPECT_THAT(Found(finder, "/a/"), ElementsAre(1));
  EXPECT_THAT(Found(finder, "/x/a/abc"), ElementsAre(1, 2));
  EXPECT_THAT(Found(finder, "bcbc"), ElementsAre(2, 2));
  EXPECT_THAT(Found(finder, "b/c"), IsEmpty());
}

TEST(LiteralFinder, FindsThoseThatOverlap) {
  const LiteralFinder finder({{"he", 1}, {"she", 2}, {"his", 3}, {"hers", 4}, {"e", 5}});
  EXPECT_THAT(Found(finder, "ushers"), UnorderedElementsAre(1, 2, 4, 5));
  EXPECT_THAT(Found(LiteralFinder({{"aab", 1}, {"ab", 2}, {"aaa", 3}}), "aaaab"), ElementsAre(3, 3, 1, 2));
}

TEST(LiteralFinder, FindsEqualLiteralsAllTheSame) {
  EXPECT_THAT(Found(LiteralFinder({{"ab", 1}, {"ab", 2}}), "ab"), UnorderedElementsAre(1, 2));
}

TEST(LiteralFinder, FindsThemInAnyCase) {
  EXPECT_THAT(Found(LiteralFinder({{"/foo", 1}}), "/x/FoO"), ElementsAre(1));
  EXPECT_THAT(Found(LiteralFinder({{"\xc3\xa9{", 1}}), "\xc3\xa9{"), ElementsAre(1));
  EXPECT_THAT(Found(LiteralFinder({{"\xc3\xa9{", 1}}), "\xc3\xa9["), IsEmpty());
}

TEST(LiteralFinder, BehavesAsLiteralsLookedForOneByOne) {
  std::mt19937 random(1);
  const auto text_of = [&](size_t max_size) {
    std::string text;
    for (size_t i = 1 + random() % max_size; i > 0; --i) text += "abc"[random() % 3];
    return text;
  };
  for (int round = 0; round < 500; ++round) {
    std::vector<LiteralFinder::Literal> literals;
    for (uint32_t i = random() % 12; i > 0; --i) literals.push_back({text_of(5), i});
    const LiteralFinder finder(literals);
    const std::string text = text_of(60);
    std::map<uint32_t, int> expected, found;
    for (const LiteralFinder::Literal& literal : literals) {
      for (size_t at = text.find(literal.text); at != text.npos; at = text.find(literal.text, at + 1)) {
        ++expected[literal.value];
      }
    }
    finder.Find(text, [&](uint32_t value) { ++found[value]; });
    ASSERT_EQ(found, expected) << text;
  }
}

TEST(LiteralFinder, AllocatesNothingToFind) {
  const LiteralFinder finder({{"/a/", 1}, {"bc", 2}});
  base::AllocationCounter counter;
  finder.Find("/a/abcabcabc/a/a/", [](uint32_t) {});
  EXPECT_EQ(counter.allocations(), 0u);
}

}  // namespace
}  // namespace fairlead::routing
