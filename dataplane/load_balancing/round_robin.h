#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/turn_queue.h"

namespace fairlead::load_balancing {

// ROUND_ROBIN: weighted and smooth. Every server has a timetable: in each round of a virtual clock it has as many turns
// as its weight, evenly spaced, beginning at a phase of its own. The next request goes to the server with the next
// turn, and the clock jumps there. From this follows, for servers that come to stay:
//
//   - With weights that sum up to W, any W requests in a row go to each server exactly as often as its weight says.
//   Between
//     two turns of one server each other takes its share of turns, rounded up or down.
//   - A timetable depends on nothing but its own server: adding, removing or re-weighting one server does not change
//   the
//     order of the others' turns.
//   - A server that comes back finds its timetable as it left it. It owns no turns of the time when it was away, so
//   that
//     there is no burst, and gains nothing by coming and going.
//   - A server whose weight changes keeps the part of the wait for its next turn that it has behind it.
//   - A server that is passed over (`avoid`) keeps that turn, and takes it with the first request that may go to it;
//   more
//     turns that pass meanwhile are lost, lest it get a burst.
//
// Each turn is computed from its place in the timetable, not from the turn before, in integers: nothing drifts, and the
// clock may wrap around.
//
// Phases follow the golden ratio, which spreads consecutive slots evenly over the round, so that a heavy server takes
// its turns between those of many light ones and not before all of them. They begin at a random place, so that workers
// do not all begin with the same server.
//
// 20 bytes for a server. Picking and changing a weight are O(log n).
class RoundRobin final : public Policy {
 public:
  // Draws from `random` once, here.
  explicit RoundRobin(Random* random) : first_phase_(random->Next()) {}

  void SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>* active_requests) override;
  std::optional<config::ServerSlot> Pick(config::ServerSlot avoid) override;

 private:
  // The clock's ticks in a round; VirtualTime holds four rounds.
  static constexpr VirtualTime kRound = VirtualTime{1} << 30;

  // The turns of a server of weight w lie (k * kRound + phase) / w ticks after the beginning of each round, rounded
  // down, for each k below w.
  struct Timetable {
    uint32_t weight = 0;
    uint32_t phase = 0;  // below kRound

    // The first turn after `time`.
    VirtualTime TurnAfter(VirtualTime time) const;
  };

  void GrowToHold(config::ServerSlot slot);
  // The phase with which a server of weight `weight` has a turn at `turn`.
  static uint32_t PhaseOf(VirtualTime turn, uint32_t weight);

  const uint64_t first_phase_;
  std::vector<Timetable> timetables_;  // by slot
  TurnQueue next_turns_;               // of the servers with a weight
  // The latest turn taken so far. No turn in the queue is more than a round after it, or more than a tick before it.
  VirtualTime now_ = 0;
};

}  // namespace fairlead::load_balancing
