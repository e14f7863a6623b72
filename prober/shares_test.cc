#include "prober/shares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "prober/hash.h"

namespace fairlead::prober {
namespace {

constexpr int kServers = 10'000;

std::string Server(int i) { return "web/w" + std::to_string(i); }

std::vector<Member> Probers(int count, std::vector<uint64_t> proxies = {1}) {
  std::vector<Member> members;
  for (int i = 0; i < count; ++i) members.push_back({"probe-" + std::to_string(i), proxies});
  return members;
}

// What each of the members, who see one another, checks.
std::vector<std::set<int>> ShareOut(const std::vector<Member>& members, uint32_t replicas) {
  std::vector<std::set<int>> shares;
  for (const Member& self : members) {
    std::vector<Member> others = members;
    std::erase(others, self);
    const Shares share(self, others, replicas);
    std::set<int>& has = shares.emplace_back();
    for (int i = 0; i < kServers; ++i) {
      if (share.Has(Hash(Server(i)))) has.insert(i);
    }
  }
  return shares;
}

std::vector<int> CountCheckers(const std::vector<std::set<int>>& shares) {
  std::vector<int> checkers(kServers);
  for (const std::set<int>& share : shares) {
    for (int server : share) ++checkers[server];
  }
  return checkers;
}

TEST(Shares, EveryServerHasItsNumberOfProbers) {
  for (uint32_t replicas : {1u, 2u, 3u, 5u}) {
    for (int count : CountCheckers(ShareOut(Probers(5), replicas))) ASSERT_EQ(count, replicas);
  }
}

TEST(Shares, FewerProbersThanReplicasCheckAll) {
  for (int count : CountCheckers(ShareOut(Probers(2), 3))) ASSERT_EQ(count, 2);
  EXPECT_TRUE(Shares({"a"}, {}, 1).Has(Hash("web/w1")));
  EXPECT_TRUE(Shares().Has(Hash("web/w1")));
}

TEST(Shares, AreAsEqualAsDrawnByLot) {
  const double mean = kServers * 2 / 7.0;
  const double deviation = std::sqrt(kServers * (2 / 7.0) * (5 / 7.0));
  for (const std::set<int>& share : ShareOut(Probers(7), 2)) {
    EXPECT_NEAR(static_cast<double>(share.size()), mean, 4 * deviation);
  }
}

TEST(Shares, OfAProberThatLeavesGoToTheOthersAndNothingElseMoves) {
  std::vector<Member> members = Probers(5);
  const std::vector<std::set<int>> before = ShareOut(members, 2);
  members.pop_back();
  const std::vector<std::set<int>> after = ShareOut(members, 2);
  size_t gained = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    EXPECT_TRUE(std::ranges::includes(after[i], before[i])) << "nobody gives anything up";
    for (int server : after[i]) {
      if (before[i].contains(server)) continue;
      ++gained;
      EXPECT_TRUE(before[4].contains(server)) << "what moves was the lost one's";
    }
  }
  EXPECT_EQ(gained, before[4].size());
  // And to all of them, not to one.
  for (size_t i = 0; i < members.size(); ++i) {
    EXPECT_GT(after[i].size() - before[i].size(), before[4].size() / 8);
  }
}

TEST(Shares, DoNotDependOnTheOrderOfTheOthers) {
  const std::vector<Member> members = Probers(4);
  const Shares one(members[0], {members[1], members[2], members[3]}, 2);
  const Shares other(members[0], {members[3], members[1], members[2]}, 2);
  EXPECT_EQ(one, other);
}

TEST(Shares, WhoSeesFewerChecksMoreNeverLess) {
  const std::vector<Member> members = Probers(4);
  const Shares all(members[0], {members[1], members[2], members[3]}, 2);
  const Shares few(members[0], {members[2]}, 2);
  for (int i = 0; i < kServers; ++i) {
    ASSERT_TRUE(few.Has(Hash(Server(i))) || !all.Has(Hash(Server(i))));
  }
}

// Two of three probers are cut off from proxy 2: there the third has to do it alone.
TEST(Shares, ToAProxyTheProbersThatItCantHearAreGone) {
  const std::vector<Member> members = {{"a", {1, 2}}, {"b", {1}}, {"c", {1}}};
  const std::vector<std::set<int>> shares = ShareOut(members, 1);
  EXPECT_EQ(shares[0].size(), kServers) << "for proxy 2";
  EXPECT_LT(shares[1].size(), kServers / 2) << "proxy 1 has the others as well";
  EXPECT_LT(shares[2].size(), kServers / 2);
}

TEST(Shares, NobodyCountsOnAProberThatReachesNoProxy) {
  const std::vector<Member> members = {{"a", {1, 2}}, {"b", {1, 2}}, {"c", {}}};
  const std::vector<std::set<int>> shares = ShareOut(members, 1);
  std::set<int> of_both = shares[0];
  of_both.insert(shares[1].begin(), shares[1].end());
  EXPECT_EQ(of_both.size(), kServers);
  EXPECT_LT(shares[2].size(), kServers / 2) << "it goes on with a share, for the moment when it does";
}

}  // namespace
}  // namespace fairlead::prober
