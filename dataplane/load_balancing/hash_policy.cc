#include "dataplane/load_balancing/hash_policy.h"

#include "dataplane/load_balancing/grow.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {

void HashPolicy::SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>*) {
  servers_.SetWeight(slot, weight);
  if (slot >= tags_.size()) {
    ReserveFor(tags_, slot + size_t{1});
    tags_.resize(slot + size_t{1});
  }
  if (weight == 0) tags_[slot] = 0;
}

std::optional<config::ServerSlot> HashPolicy::Pick(config::ServerSlot avoid) {
  return servers_.DrawAvoiding(avoid, random_->Next());
}

std::optional<config::ServerSlot> HashPolicy::PickFor(uint64_t hash, config::ServerSlot avoid,
                                                      config::ServerSlot avoid_too) const {
  if (table_ != nullptr && !servers_.empty()) {
    const std::optional<TableEntry> found = table_->Find(hash, [&](TableEntry entry) {
      const config::ServerSlot slot = entry.slot();
      return slot < tags_.size() && tags_[slot] == entry.tag() && slot != avoid && slot != avoid_too;
    });
    if (found) return found->slot();
  }
  // Hardly any server of the table has a weight. Points to the same one as long as the weights stay.
  const uint64_t point = Derive(hash, HashTable::kMostSteps);
  if (const auto other = servers_.DrawExcept(avoid, avoid_too, point)) return other;
  return servers_.DrawAvoiding(avoid, point);
}

}  // namespace fairlead::load_balancing
