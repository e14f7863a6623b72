#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/config/slots.h"

namespace fairlead::load_balancing {

// A clock that wraps around: of two times less than half its range apart, one is before the other.
using VirtualTime = uint32_t;

inline bool IsBefore(VirtualTime a, VirtualTime b) { return static_cast<int32_t>(a - b) < 0; }

// When it is whose turn: at most one turn for each slot, in order of time, of equal times the lower slot first. All
// times in the queue lie less than half of VirtualTime's range apart. A heap with four children to a node, whose times
// share a cache line, and with each slot's place in it. O(log n) to change; 12 bytes for each slot.
class TurnQueue {
 public:
  struct Turn {
    VirtualTime time;
    config::ServerSlot slot;
  };

  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  bool Contains(config::ServerSlot slot) const { return slot < places_.size() && places_[slot] != kAbsent; }

  // The earliest turn; the queue is not empty.
  Turn First() const { return TurnAt(0); }
  // The one after it; the queue has two or more.
  Turn Second() const { return TurnAt(EarliestChild(0)); }
  // The turn of a slot that has one.
  VirtualTime TimeOf(config::ServerSlot slot) const { return times_[places_[slot]]; }

  // Gives `slot` its turn, or moves it.
  void Set(config::ServerSlot slot, VirtualTime time);
  // `slot` may have no turn.
  void Remove(config::ServerSlot slot);

 private:
  static constexpr size_t kChildren = 4;
  static constexpr uint32_t kAbsent = UINT32_MAX;

  static bool IsEarlier(Turn a, Turn b) { return a.time == b.time ? a.slot < b.slot : IsBefore(a.time, b.time); }

  Turn TurnAt(size_t place) const { return {times_[place], slots_[place]}; }
  // size() when there is none.
  size_t EarliestChild(size_t place) const;
  void Put(size_t place, Turn turn);
  // Puts `turn` where it belongs, given that it may only be too early or too late for the free place `place`.
  void Sift(size_t place, Turn turn);

  std::vector<VirtualTime> times_;         // by place in the heap
  std::vector<config::ServerSlot> slots_;  // by place in the heap
  std::vector<uint32_t> places_;           // by slot
};

}  // namespace fairlead::load_balancing
