#include "dataplane/load_balancing/maglev_table.h"

#include <algorithm>

namespace fairlead::load_balancing {
namespace {

using Member = MaglevTable::Member;

// The entries in the order in which one server likes them, of which `next` is the first that it has not looked at.
struct Preference {
  uint32_t next;
  uint32_t skip;
  TableEntry server;
};

Preference PreferenceOf(const Member& member, uint32_t size) {
  return {.next = static_cast<uint32_t>(Reduce(Derive(member.identity, 1), size)),
          .skip = static_cast<uint32_t>(1 + Reduce(Derive(member.identity, 2), size - 1)),
          .server = member.entry};
}

// Servers of the same weight, which have their turns at the same times: the k-th at (2k + 1) / weight.
struct Group {
  uint32_t weight;
  uint64_t turns = 1;  // twice those that were, and one
  size_t begin;
  size_t end;
};

// For a heap that has the group with the next turn in front, of equal times the heavier.
bool IsLater(const Group& a, const Group& b) {
  const uint64_t time = a.turns * b.weight;
  const uint64_t other_time = b.turns * a.weight;
  return time == other_time ? a.weight < b.weight : time > other_time;
}

std::vector<Group> GroupsOf(const std::vector<Member>& members) {
  std::vector<Group> groups;
  for (size_t i = 0; i < members.size(); ++i) {
    if (groups.empty() || groups.back().weight != members[i].weight) {
      groups.push_back({.weight = members[i].weight, .begin = i, .end = i});
    }
    ++groups.back().end;
  }
  return groups;
}

// Which entries are taken: a bit for each, so that what is looked at most stays in the cache.
class TakenEntries {
 public:
  explicit TakenEntries(size_t size) : words_(size / 64 + 1) {}
  bool Has(uint32_t entry) const { return (words_[entry / 64] >> entry % 64 & 1) != 0; }
  void Add(uint32_t entry) { words_[entry / 64] |= uint64_t{1} << entry % 64; }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace

MaglevTable::MaglevTable(uint32_t size, std::vector<Member> members) {
  if (members.empty() || size == 0) return;
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return a.weight == b.weight ? a.identity < b.identity : a.weight > b.weight;
  });
  std::vector<Preference> preferences;
  preferences.reserve(members.size());
  for (const Member& member : members) preferences.push_back(PreferenceOf(member, size));
  std::vector<Group> groups = GroupsOf(members);  // a heap: all have their first turn yet, the heaviest first

  entries_.resize(size);
  TakenEntries taken(size);
  uint32_t free = size;
  while (true) {
    std::pop_heap(groups.begin(), groups.end(), IsLater);
    Group& group = groups.back();
    for (size_t i = group.begin; i < group.end; ++i) {
      Preference& preference = preferences[i];
      uint32_t entry = preference.next;
      const auto advance = [&] { entry += entry >= size - preference.skip ? preference.skip - size : preference.skip; };
      while (taken.Has(entry)) advance();
      taken.Add(entry);
      entries_[entry] = preference.server;
      if (--free == 0) return;
      advance();
      preference.next = entry;
    }
    group.turns += 2;
    std::push_heap(groups.begin(), groups.end(), IsLater);
  }
}

}  // namespace fairlead::load_balancing
