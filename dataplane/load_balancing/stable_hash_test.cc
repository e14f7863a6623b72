#include "dataplane/load_balancing/stable_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fairlead::load_balancing {
namespace {

// A fleet of mixed versions would tear sessions apart if one of these changed. The first is of xxHash's own tests.
TEST(StableHash, NeverChanges) {
  EXPECT_EQ(HashOf(""), 0x2d06800538d394c2u);
  EXPECT_EQ(HashOf("session-1"), 0xc07ea64948c9a305u);
  EXPECT_EQ(HashOf("session-1", 7), 0xf9e5ce1096311e1cu);
  EXPECT_EQ(HashOf(std::string(1'000, 'x')), 0xc0a4877b962cba82u);
  EXPECT_EQ(ServerIdentity("w1"), 0x59ea469779cd102cu);
  EXPECT_EQ(Derive(0, 1), 0xe220a8397b1dcdafu) << "splitmix64's first number";
  EXPECT_EQ(Derive(0, 2), 0x6e789e6aa1b965f4u);
}

TEST(StableHash, AServersIdAsAKeyTellsNothingOfTheServer) { EXPECT_NE(HashOf("w1"), ServerIdentity("w1")); }

TEST(StableHash, ReducesToNumbersBelowTheBoundAllAlike) {
  std::set<uint64_t> seen;
  for (uint64_t i = 0; i < 1'000; ++i) seen.insert(Reduce(Derive(1, i), 10));
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_EQ(*seen.rbegin(), 9u);
  EXPECT_EQ(Reduce(UINT64_MAX, 10), 9u);
}

}  // namespace
}  // namespace fairlead::load_balancing
