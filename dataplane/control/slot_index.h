#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace fairlead::control {

class PlannedSlots;

// Which slot each resource of one kind has, by id, and which slots are free. Slots are dense: a new one is given only
// when none is free. About 40 bytes for each resource with an id of 15 bytes or less. On the control thread.
class SlotIndex {
 public:
  SlotIndex() = default;
  SlotIndex(const SlotIndex&) = delete;
  SlotIndex& operator=(const SlotIndex&) = delete;

  std::optional<uint32_t> Find(std::string_view id) const;
  // How many resources there are.
  size_t size() const { return slots_.size(); }
  // Calls `visit(id, slot)` for each, in no order. The id's text lives until the next Apply.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (uint32_t slot : slots_) visit(std::string_view(ids_[slot]), slot);
  }

  // The slot that the resource added `n` others from now will get.
  uint32_t FreeSlot(size_t n) const;
  // Adds and removes what was planned for this index. Slots that become free are given to later additions only.
  void Apply(const PlannedSlots& planned);

 private:
  // Slots are found by the ids that they stand for, which are kept once.
  struct Hash {
    using is_transparent = void;
    const std::vector<std::string>* ids;
    size_t operator()(absl::string_view id) const { return absl::HashOf(id); }
    size_t operator()(uint32_t slot) const { return absl::HashOf(absl::string_view((*ids)[slot])); }
  };
  struct Same {
    using is_transparent = void;
    const std::vector<std::string>* ids;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t slot, absl::string_view id) const { return absl::string_view((*ids)[slot]) == id; }
  };

  void Grow();

  std::vector<std::string> ids_;  // by slot, all that were ever given; empty where one is free
  absl::flat_hash_set<uint32_t, Hash, Same> slots_{0, Hash{&ids_}, Same{&ids_}};
  std::vector<uint32_t> free_;  // given from the back
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
