#include "dataplane/load_balancing/round_robin.h"

#include "dataplane/load_balancing/grow.h"

namespace fairlead::load_balancing {

VirtualTime RoundRobin::Timetable::TurnAfter(VirtualTime time) const {
  const VirtualTime into_round = time % kRound;
  // The lowest k with (k * kRound + phase) / weight >= into_round + 1. It may be `weight`: the next round's first turn.
  const uint64_t earliest = (uint64_t{into_round} + 1) * weight;
  const uint64_t k = earliest <= phase ? 0 : (earliest - phase + kRound - 1) / kRound;
  return time - into_round + static_cast<VirtualTime>((k * kRound + phase) / weight);
}

uint32_t RoundRobin::PhaseOf(VirtualTime turn, uint32_t weight) {
  return static_cast<uint32_t>(uint64_t{turn % kRound} * weight % kRound);
}

void RoundRobin::SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>*) {
  GrowToHold(slot);
  Timetable& timetable = timetables_[slot];
  if (weight == timetable.weight) return;
  if (weight == 0) {
    timetable.weight = 0;
    next_turns_.Remove(slot);
    return;
  }
  if (timetable.weight == 0) {
    timetable.weight = weight;
    next_turns_.Set(slot, timetable.TurnAfter(now_));
    return;
  }
  VirtualTime turn = next_turns_.TimeOf(slot);
  if (IsBefore(now_, turn)) {
    turn = now_ + static_cast<VirtualTime>(uint64_t{turn - now_} * timetable.weight / weight);
  }
  timetable = {.weight = weight, .phase = PhaseOf(turn, weight)};
  next_turns_.Set(slot, turn);
}

std::optional<config::ServerSlot> RoundRobin::Pick(config::ServerSlot avoid) {
  if (next_turns_.empty()) return std::nullopt;
  TurnQueue::Turn turn = next_turns_.First();
  if (turn.slot == avoid && next_turns_.size() > 1) {
    turn = next_turns_.Second();
    // It stays first in line, but never falls so far behind that the clock could overtake it.
    next_turns_.Set(avoid, turn.time - 1);
  }
  // A turn that was passed over before is taken without setting the clock back.
  if (IsBefore(now_, turn.time)) now_ = turn.time;
  next_turns_.Set(turn.slot, timetables_[turn.slot].TurnAfter(now_));
  return turn.slot;
}

void RoundRobin::GrowToHold(config::ServerSlot slot) {
  // 2^64 divided by the golden ratio: multiples of it, modulo 2^64, divide the range ever more finely and evenly
  // (Knuth, TAOCP vol. 3, §6.4).
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  if (slot < timetables_.size()) return;
  ReserveFor(timetables_, slot + size_t{1});
  while (slot >= timetables_.size()) {
    const uint64_t phase = first_phase_ + timetables_.size() * kGolden;
    timetables_.push_back({.weight = 0, .phase = static_cast<uint32_t>(phase / (UINT64_MAX / kRound + 1))});
  }
}

}  // namespace fairlead::load_balancing
