#include "dataplane/load_balancing/weighted_slots.h"

#include <utility>

namespace fairlead::load_balancing {

std::optional<config::ServerSlot> WeightedSlots::DrawExcept(config::ServerSlot first, config::ServerSlot second,
                                                            Random& random) const {
  Range before = RangeOf(first);
  Range after = first == second ? Range{0, 0} : RangeOf(second);
  if (after.begin < before.begin) std::swap(before, after);

  const uint64_t rest = weights_.total() - before.length - after.length;
  if (rest == 0) return std::nullopt;
  // A point on the line from which the two ranges were cut out, then where it lies on the whole line.
  uint64_t point = random.Below(rest);
  if (point >= before.begin) point += before.length;
  if (point >= after.begin) point += after.length;
  return static_cast<config::ServerSlot>(weights_.Find(point));
}

WeightedSlots::Range WeightedSlots::RangeOf(config::ServerSlot slot) const {
  const uint32_t weight = weights_.Get(slot);
  if (weight == 0) return {0, 0};
  return {weights_.SumBefore(slot), weight};
}

}  // namespace fairlead::load_balancing
