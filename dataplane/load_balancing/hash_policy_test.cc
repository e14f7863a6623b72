#include "dataplane/load_balancing/hash_policy.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {
namespace {

using config::HashTableSettings;
using config::ServerSlot;
using Kind = HashTableSettings::Kind;

constexpr ServerSlot kNone = Policy::kNone;

std::string Name(uint32_t number) { return "server-" + std::to_string(number); }
uint64_t Key(uint64_t number) { return HashOf(std::to_string(number)); }

class HashPolicyTest : public testing::TestWithParam<Kind> {
 protected:
  HashPolicyTest() { settings_.kind = GetParam(); }

  // In the rotation, and in the next table.
  void Add(ServerSlot slot, const std::string& id, uint32_t weight = 1) {
    SetWeight(slot, id, weight);
    changes_.push_back({slot, {ServerIdentity(id), weight}});
  }
  void SetWeight(ServerSlot slot, const std::string& id, uint32_t weight) {
    policy_.SetWeight(slot, weight, nullptr);
    if (weight > 0) policy_.SetTag(slot, TableEntry::TagOf(ServerIdentity(id)));
  }
  void Swap() {
    std::shared_ptr<const HashTable> next = HashTable::Build(settings_, table_.get(), changes_);
    changes_.clear();
    policy_.SetTable(next.get());
    table_ = std::move(next);
  }
  void AddMany(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) Add(i, Name(i));
    Swap();
  }
  ServerSlot PickFor(uint64_t key, ServerSlot avoid = kNone, ServerSlot avoid_too = kNone) {
    return policy_.PickFor(Key(key), avoid, avoid_too).value();
  }

  HashTableSettings settings_;
  Random random_{1};
  HashPolicy policy_{&random_};
  std::shared_ptr<const HashTable> table_;
  std::vector<HashTable::Change> changes_;
};

INSTANTIATE_TEST_SUITE_P(, HashPolicyTest, testing::Values(Kind::kRing, Kind::kMaglev),
                         [](const auto& info) { return info.param == Kind::kRing ? "Ring" : "Maglev"; });

TEST_P(HashPolicyTest, AServerThatIsDownLosesItsKeysAndGetsThemBack) {
  AddMany(10);
  std::map<uint64_t, ServerSlot> before;
  for (uint64_t key = 0; key < 2'000; ++key) before[key] = PickFor(key);
  SetWeight(4, Name(4), 0);
  std::set<ServerSlot> heirs;
  for (const auto& [key, slot] : before) {
    const ServerSlot now = PickFor(key);
    ASSERT_NE(now, 4u);
    if (slot == 4) {
      heirs.insert(now);
    } else {
      ASSERT_EQ(now, slot);
    }
  }
  EXPECT_EQ(heirs.size(), 9u);
  SetWeight(4, Name(4), 1);
  for (const auto& [key, slot] : before) ASSERT_EQ(PickFor(key), slot);
}

TEST_P(HashPolicyTest, ARetryGoesWhereKeysGoWhenTheServerIsDown) {
  AddMany(10);
  for (uint64_t key = 0; key < 500; ++key) {
    const ServerSlot first = PickFor(key);
    const ServerSlot second = PickFor(key, first);
    const ServerSlot third = PickFor(key, second, first);
    ASSERT_EQ((std::set{first, second, third}.size()), 3u);
    SetWeight(first, Name(first), 0);
    ASSERT_EQ(PickFor(key), second);
    SetWeight(second, Name(second), 0);
    ASSERT_EQ(PickFor(key), third);
    SetWeight(first, Name(first), 1);
    SetWeight(second, Name(second), 1);
  }
}

TEST_P(HashPolicyTest, WhereAllAreToBeAvoidedTheEarlierOneIsTriedAgain) {
  AddMany(2);
  EXPECT_EQ(PickFor(1, /*avoid=*/0, /*avoid_too=*/1), 1u);
  EXPECT_EQ(PickFor(1, /*avoid=*/1, /*avoid_too=*/0), 0u);
  SetWeight(1, Name(1), 0);
  EXPECT_EQ(PickFor(1, /*avoid=*/0), 0u);
  SetWeight(0, Name(0), 0);
  EXPECT_EQ(policy_.PickFor(Key(1), kNone, kNone), std::nullopt);
}

TEST_P(HashPolicyTest, ANewServerWaitsForTheNextTable) {
  AddMany(3);
  Add(3, "new");
  for (uint64_t key = 0; key < 1'000; ++key) ASSERT_NE(PickFor(key), 3u);
  Swap();
  int keys = 0;
  for (uint64_t key = 0; key < 1'000; ++key) keys += PickFor(key) == 3;
  EXPECT_GT(keys, 150);
}

TEST_P(HashPolicyTest, WhoGetsASlotDoesNotGetTheKeysOfWhoLeftIt) {
  AddMany(10);
  std::map<uint64_t, ServerSlot> before;
  for (uint64_t key = 0; key < 1'000; ++key) before[key] = PickFor(key);
  SetWeight(4, Name(4), 0);
  Add(4, "another");
  for (const auto& [key, slot] : before) ASSERT_NE(PickFor(key), 4u);
  Swap();
  int keys = 0;
  for (const auto& [key, slot] : before) keys += PickFor(key) == 4;
  EXPECT_GT(keys, 30);
}

TEST_P(HashPolicyTest, WithoutATableKeysGoSomewhereAndStay) {
  for (uint32_t i = 0; i < 10; ++i) Add(i, Name(i));
  std::set<ServerSlot> used;
  for (uint64_t key = 0; key < 200; ++key) {
    const ServerSlot slot = PickFor(key);
    used.insert(slot);
    ASSERT_EQ(PickFor(key), slot);
    ASSERT_NE(PickFor(key, slot), slot);
  }
  EXPECT_EQ(used.size(), 10u);
}

TEST_P(HashPolicyTest, WhenAllOfTheTableAreGoneOthersTakeTheKeys) {
  AddMany(5);
  for (uint32_t i = 0; i < 5; ++i) SetWeight(i, Name(i), 0);
  SetWeight(7, "x", 1);
  SetWeight(8, "y", 1);
  std::set<ServerSlot> used;
  for (uint64_t key = 0; key < 100; ++key) used.insert(PickFor(key));
  EXPECT_EQ(used, (std::set<ServerSlot>{7, 8}));
}

TEST_P(HashPolicyTest, RequestsWithoutAKeyAreDrawnByWeight) {
  Add(0, "light", 1);
  Add(1, "heavy", 9);
  Swap();
  int heavy = 0;
  for (int i = 0; i < 1'000; ++i) heavy += policy_.Pick(kNone) == 1u;
  EXPECT_NEAR(heavy, 900, 50);
  EXPECT_EQ(policy_.Pick(1), 0u);
}

TEST_P(HashPolicyTest, NeverPicksWhoHasNoWeightWhateverChanges) {
  std::mt19937 random(1);
  settings_.table_size = GetParam() == Kind::kMaglev ? 1'021 : 0;
  std::map<ServerSlot, std::pair<std::string, uint32_t>> servers;
  uint32_t names = 0;
  for (int step = 0; step < 2'000; ++step) {
    const ServerSlot slot = random() % 30;
    auto& [id, weight] = servers[slot];
    switch (random() % 3) {
      case 0:  // another server, or none
        id = Name(names++);
        weight = random() % 3;
        policy_.SetWeight(slot, 0, nullptr);
        Add(slot, id, weight);
        break;
      default:  // health
        SetWeight(slot, id, random() % 2 == 0 ? 0 : weight);
        if (random() % 2 == 0) SetWeight(slot, id, weight);
    }
    if (random() % 10 == 0) Swap();
    std::set<ServerSlot> can;
    for (ServerSlot s = 0; s < 30; ++s) {
      SetWeight(s, servers[s].first, servers[s].second);
      if (servers[s].second > 0) can.insert(s);
    }
    for (uint64_t key = 0; key < 20; ++key) {
      const std::optional<ServerSlot> picked = policy_.PickFor(Key(key), kNone, kNone);
      ASSERT_EQ(picked.has_value(), !can.empty());
      ASSERT_TRUE(!picked || can.contains(*picked));
    }
  }
}

}  // namespace
}  // namespace fairlead::load_balancing
