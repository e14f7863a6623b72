#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace fairlead::control {

class PlannedSlots;

// Which slot each resource of one kind has, by id, and which slots are free. Slots are dense: a new one is given only
// when none is free. On the control thread.
class SlotIndex {
 public:
  std::optional<uint32_t> Find(std::string_view id) const;
  // How many resources there are.
  size_t size() const { return slots_.size(); }
  // Each id and its slot, in no order.
  const absl::flat_hash_map<std::string, uint32_t>& entries() const { return slots_; }

  // The slot that the resource added `n` others from now will get.
  uint32_t FreeSlot(size_t n) const;
  // Adds and removes what was planned for this index. Slots that become free are given to later additions only.
  void Apply(const PlannedSlots& planned);

 private:
  absl::flat_hash_map<std::string, uint32_t> slots_;
  std::vector<uint32_t> free_;  // given from the back
  uint32_t end_ = 0;            // of all slots that were ever given
};

// What will become of a SlotIndex when the transaction at hand is applied. Costs as much as it changes. The index, and
// the texts of ids (which may be the index's own), outlive it.
class PlannedSlots {
 public:
  explicit PlannedSlots(const SlotIndex& now) : now_(&now) {}

  // The resource's slot at the end of the transaction.
  std::optional<uint32_t> Find(std::string_view id) const;
  bool removes_any() const { return !removed_.empty(); }
  const SlotIndex& now() const { return *now_; }

  // Adds a resource that does not exist, and tells its slot: one that this transaction does not free.
  uint32_t Add(std::string_view id);
  // Removes one that exists now.
  void Remove(std::string_view id);

  // In the order of the calls above.
  const std::vector<std::string_view>& added() const { return added_; }
  const std::vector<std::string_view>& removed() const { return removed_; }

 private:
  const SlotIndex* now_;
  // Slots of those added; nothing for those removed.
  absl::flat_hash_map<absl::string_view, std::optional<uint32_t>> changes_;
  std::vector<std::string_view> added_;
  std::vector<std::string_view> removed_;
};

}  // namespace fairlead::control
