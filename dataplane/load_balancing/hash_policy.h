#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/load_balancing/hash_table.h"
#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/weighted_slots.h"

namespace fairlead::load_balancing {

// RING_HASH and MAGLEV: a request goes to its key's first choice among the servers that have a weight here. The table
// that knows the choices is shared, and may be a moment older than these weights: who has none now is passed over, and
// who has only now got one waits for the next table. Requests without a key are balanced as by RANDOM.
//
// 9 bytes for a server, beside the table.
class HashPolicy final : public Policy {
 public:
  // `random` outlives the policy.
  explicit HashPolicy(Random* random) : random_(random) {}

  // Null: none was made yet; then a key goes where its hash points among all, by their weights. It outlives its use.
  void SetTable(const HashTable* table) { table_ = table; }
  const HashTable* table() const { return table_; }

  void SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>* active_requests) override;
  // Whose weight it is, by TableEntry::TagOf: after SetWeight, where that was not 0.
  void SetTag(config::ServerSlot slot, uint8_t tag) { tags_[slot] = tag; }

  std::optional<config::ServerSlot> Pick(config::ServerSlot avoid) override;
  // For a request with this hash of its key: its first choice that is none of the two, if there is one.
  std::optional<config::ServerSlot> PickFor(uint64_t hash, config::ServerSlot avoid,
                                            config::ServerSlot avoid_too) const;

 private:
  Random* const random_;
  const HashTable* table_ = nullptr;
  WeightedSlots servers_;
  std::vector<uint8_t> tags_;  // by slot; 0: it has no weight
};

}  // namespace fairlead::load_balancing
