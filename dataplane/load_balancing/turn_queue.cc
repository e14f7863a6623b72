#include "dataplane/load_balancing/turn_queue.h"

#include <algorithm>

#include "dataplane/load_balancing/grow.h"

namespace fairlead::load_balancing {

void TurnQueue::Set(config::ServerSlot slot, VirtualTime time) {
  if (slot >= places_.size()) {
    ReserveFor(places_, slot + size_t{1});
    places_.resize(slot + size_t{1}, kAbsent);
  }
  size_t place = places_[slot];
  if (place == kAbsent) {
    place = slots_.size();
    ReserveFor(times_, place + 1);
    ReserveFor(slots_, place + 1);
    times_.push_back(time);
    slots_.push_back(slot);
  }
  Sift(place, {time, slot});
}

void TurnQueue::Remove(config::ServerSlot slot) {
  if (!Contains(slot)) return;
  const size_t place = places_[slot];
  places_[slot] = kAbsent;
  const Turn last = TurnAt(size() - 1);
  times_.pop_back();
  slots_.pop_back();
  if (last.slot != slot) Sift(place, last);
}

size_t TurnQueue::EarliestChild(size_t place) const {
  const size_t begin = place * kChildren + 1;
  if (begin >= size()) return size();
  const size_t end = std::min(begin + kChildren, size());
  size_t earliest = begin;
  for (size_t child = begin + 1; child < end; ++child) {
    if (IsEarlier(TurnAt(child), TurnAt(earliest))) earliest = child;
  }
  return earliest;
}

void TurnQueue::Put(size_t place, Turn turn) {
  times_[place] = turn.time;
  slots_[place] = turn.slot;
  places_[turn.slot] = static_cast<uint32_t>(place);
}

void TurnQueue::Sift(size_t place, Turn turn) {
  while (place > 0) {
    const size_t parent = (place - 1) / kChildren;
    if (!IsEarlier(turn, TurnAt(parent))) break;
    Put(place, TurnAt(parent));
    place = parent;
  }
  for (size_t child = EarliestChild(place); child < size(); child = EarliestChild(place)) {
    if (!IsEarlier(TurnAt(child), turn)) break;
    Put(place, TurnAt(child));
    place = child;
  }
  Put(place, turn);
}

}  // namespace fairlead::load_balancing
