#include "dataplane/load_balancing/weighted_slots.h"

#include <utility>

#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {

template <typename Number>
std::optional<config::ServerSlot> WeightedSlots::Draw(config::ServerSlot first, config::ServerSlot second,
                                                      Number number) const {
  Range before = RangeOf(first);
  Range after = first == second ? Range{0, 0} : RangeOf(second);
  if (after.begin < before.begin) std::swap(before, after);

  const uint64_t rest = weights_.total() - before.length - after.length;
  if (rest == 0) return std::nullopt;
  // A point on the line from which the two ranges were cut out, then where it lies on the whole line.
  uint64_t point = Reduce(number(), rest);
  if (point >= before.begin) point += before.length;
  if (point >= after.begin) point += after.length;
  return static_cast<config::ServerSlot>(weights_.Find(point));
}

std::optional<config::ServerSlot> WeightedSlots::DrawExcept(config::ServerSlot first, config::ServerSlot second,
                                                            Random& random) const {
  return Draw(first, second, [&random] { return random.Next(); });
}

std::optional<config::ServerSlot> WeightedSlots::DrawExcept(config::ServerSlot first, config::ServerSlot second,
                                                            uint64_t number) const {
  return Draw(first, second, [number] { return number; });
}

std::optional<config::ServerSlot> WeightedSlots::DrawAvoiding(config::ServerSlot avoid, uint64_t number) const {
  const std::optional<config::ServerSlot> other = DrawExcept(avoid, Policy::kNone, number);
  return other ? other : DrawExcept(Policy::kNone, Policy::kNone, number);
}

WeightedSlots::Range WeightedSlots::RangeOf(config::ServerSlot slot) const {
  const uint32_t weight = weights_.Get(slot);
  if (weight == 0) return {0, 0};
  return {weights_.SumBefore(slot), weight};
}

}  // namespace fairlead::load_balancing
