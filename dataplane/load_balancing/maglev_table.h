#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/load_balancing/stable_hash.h"
#include "dataplane/load_balancing/table_entry.h"

namespace fairlead::load_balancing {

// Maglev's table (Eisenbud et al., NSDI 2016, §3.4): each server has an order of its own in which it likes the entries,
// and takes, whenever it is its turn, the next one that is still free. Turns come as often as the servers' weights say.
// So each gets its part of the entries to within about one, and few entries change hands when a server comes or goes.
//
// A key whose server may not take it goes to another entry that follows from the key, and so on: the keys of one server
// spread over all others, and come back with it. 4 bytes an entry. Immutable.
class MaglevTable {
 public:
  struct Member {
    uint64_t identity;
    uint32_t weight;  // not 0
    TableEntry entry;
  };

  MaglevTable() = default;
  // `size` is a prime. Of members in any order; without any, or with size 0, there are no entries.
  MaglevTable(uint32_t size, std::vector<Member> members);

  size_t size() const { return entries_.size(); }
  const std::vector<TableEntry>& entries() const { return entries_; }

  // The first server, in the order of the key's choices, of which `may_take(TableEntry)` is true, among so many as
  // `most_steps`.
  template <typename MayTake>
  std::optional<TableEntry> Find(uint64_t hash, size_t most_steps, MayTake may_take) const {
    if (entries_.empty()) return std::nullopt;
    for (size_t step = 0; step < most_steps; ++step) {
      const TableEntry entry = entries_[Reduce(step == 0 ? hash : Derive(hash, step), entries_.size())];
      if (may_take(entry)) return entry;
    }
    return std::nullopt;
  }

 private:
  std::vector<TableEntry> entries_;
};

}  // namespace fairlead::load_balancing
