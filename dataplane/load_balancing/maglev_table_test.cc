#include "dataplane/load_balancing/maglev_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {
namespace {

using Member = MaglevTable::Member;

Member MemberOf(config::ServerSlot slot, uint32_t weight = 1) {
  const uint64_t identity = Derive(slot, 99);
  return {identity, weight, TableEntry(slot, identity)};
}

std::map<config::ServerSlot, int> Shares(const MaglevTable& table) {
  std::map<config::ServerSlot, int> shares;
  for (const TableEntry entry : table.entries()) ++shares[entry.slot()];
  return shares;
}

// As the paper has it, turn by turn, with floating-point times for the weights.
std::vector<TableEntry> Naive(uint32_t size, std::vector<Member> members) {
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.identity < b.identity;
  });
  std::vector<std::optional<TableEntry>> entries(size);
  std::vector<uint32_t> turns(members.size());
  std::vector<uint64_t> looked(members.size());
  for (uint32_t filled = 0; filled < size; ++filled) {
    size_t next = 0;
    const auto time = [&](size_t i) { return (turns[i] + 0.5) / members[i].weight; };
    for (size_t i = 1; i < members.size(); ++i) {
      if (time(i) < time(next)) next = i;
    }
    ++turns[next];
    const uint64_t offset = Reduce(Derive(members[next].identity, 1), size);
    const uint64_t skip = 1 + Reduce(Derive(members[next].identity, 2), size - 1);
    uint64_t entry;
    do {
      entry = (offset + looked[next]++ * skip) % size;
    } while (entries[entry]);
    entries[entry] = members[next].entry;
  }
  std::vector<TableEntry> result;
  for (const auto& entry : entries) result.push_back(*entry);
  return result;
}

TEST(MaglevTable, IsWhatThePaperSays) {
  std::vector<Member> members;
  for (config::ServerSlot slot = 0; slot < 7; ++slot) members.push_back(MemberOf(slot));
  EXPECT_EQ(MaglevTable(251, members).entries(), Naive(251, members));
  // Powers of two, so that no time is rounded.
  for (size_t i = 0; i < members.size(); ++i) members[i].weight = 1 << i % 4;
  EXPECT_EQ(MaglevTable(1'021, members).entries(), Naive(1'021, members));
}

TEST(MaglevTable, TheOrderOfItsMembersDoesNotMatter) {
  std::vector<Member> members;
  for (config::ServerSlot slot = 0; slot < 20; ++slot) members.push_back(MemberOf(slot, 1 + slot % 3));
  const MaglevTable table(1'021, members);
  std::mt19937 random(1);
  for (int i = 0; i < 10; ++i) {
    std::shuffle(members.begin(), members.end(), random);
    EXPECT_EQ(MaglevTable(1'021, members).entries(), table.entries());
  }
}

TEST(MaglevTable, GivesEachItsShareToWithinOneEntry) {
  std::vector<Member> members;
  uint32_t total = 0;
  for (config::ServerSlot slot = 0; slot < 30; ++slot) {
    members.push_back(MemberOf(slot, 1 + slot));
    total += 1 + slot;
  }
  for (const auto& [slot, entries] : Shares(MaglevTable(65'537, members))) {
    EXPECT_NEAR(entries, 65'537.0 * (1 + slot) / total, 1) << slot;
  }
}

TEST(MaglevTable, WithoutMembersThereAreNoEntries) {
  EXPECT_EQ(MaglevTable(251, {}).size(), 0u);
  EXPECT_EQ(MaglevTable(251, {}).Find(1, 9, [](TableEntry) { return true; }), std::nullopt);
}

TEST(MaglevTable, MoreMembersThanEntriesLeaveSomeWithout) {
  std::vector<Member> members;
  for (config::ServerSlot slot = 0; slot < 300; ++slot) members.push_back(MemberOf(slot));
  EXPECT_EQ(Shares(MaglevTable(251, members)).size(), 251u);
}

TEST(MaglevTable, TheKeysOfOneThatMayNotSpreadOverAllOthers) {
  std::vector<Member> members;
  for (config::ServerSlot slot = 0; slot < 10; ++slot) members.push_back(MemberOf(slot));
  const MaglevTable table(1'021, members);
  std::map<config::ServerSlot, int> second;
  for (uint64_t key = 0; key < 100'000; ++key) {
    const uint64_t hash = Derive(key, 1);
    if (table.Find(hash, 1, [](TableEntry) { return true; })->slot() != 3) continue;
    ++second[table.Find(hash, 99, [](TableEntry entry) { return entry.slot() != 3; })->slot()];
  }
  ASSERT_EQ(second.size(), 9u);
  for (const auto& [slot, keys] : second) EXPECT_NEAR(keys, 100'000 / 10 / 9, 150) << slot;
}

}  // namespace
}  // namespace fairlead::load_balancing
