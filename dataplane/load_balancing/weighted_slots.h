#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/config/slots.h"
#include "dataplane/load_balancing/fenwick_tree.h"
#include "dataplane/load_balancing/random.h"

namespace fairlead::load_balancing {

// Slots with weights, to draw from: a slot's chance is its weight's part of the whole. 8 bytes for each slot; changing
// a weight and drawing are O(log n).
class WeightedSlots {
 public:
  uint32_t weight(config::ServerSlot slot) const { return weights_.Get(slot); }
  void SetWeight(config::ServerSlot slot, uint32_t weight) { weights_.Set(slot, weight); }

  // Draws from all slots but the two, which may be Policy::kNone or have no weight; none when nothing is left.
  std::optional<config::ServerSlot> DrawExcept(config::ServerSlot first, config::ServerSlot second,
                                               Random& random) const;
  // The same by a number of which all bits are as good as random.
  std::optional<config::ServerSlot> DrawExcept(config::ServerSlot first, config::ServerSlot second,
                                               uint64_t number) const;
  // Another slot than `avoid` if there is one; none when no slot has a weight.
  std::optional<config::ServerSlot> DrawAvoiding(config::ServerSlot avoid, uint64_t number) const;
  bool empty() const { return weights_.total() == 0; }

 private:
  // The part of [0, total) that belongs to a slot.
  struct Range {
    uint64_t begin;
    uint32_t length;
  };
  Range RangeOf(config::ServerSlot slot) const;
  // DrawExcept by what `number()` gives, which is asked only where there is something to draw.
  template <typename Number>
  std::optional<config::ServerSlot> Draw(config::ServerSlot first, config::ServerSlot second, Number number) const;

  FenwickTree weights_;
};

}  // namespace fairlead::load_balancing
