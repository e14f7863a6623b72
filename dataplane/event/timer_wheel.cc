#include "dataplane/event/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace fairlead::event {
namespace {

void MakeEmpty(TimerLinks* list) { list->next = list->previous = list; }

void PushBack(TimerLinks* list, TimerLinks* links) {
  links->next = list;
  links->previous = list->previous;
  list->previous->next = links;
  list->previous = links;
}

void Unlink(TimerLinks* links) {
  links->next->previous = links->previous;
  links->previous->next = links->next;
  links->next = links->previous = nullptr;
}

// Moves all of `from` to `to`, which is empty.
void Splice(TimerLinks* from, TimerLinks* to) {
  to->next = from->next;
  to->previous = from->previous;
  to->next->previous = to;
  to->previous->next = to;
  MakeEmpty(from);
}

}  // namespace

Timer::~Timer() {
  if (scheduled()) Unlink(this);
}

TimerWheel::TimerWheel(uint64_t now_ms) : now_ms_(now_ms), advanced_to_ms_(now_ms) {
  for (auto& level : slots_) {
    for (TimerLinks& slot : level) MakeEmpty(&slot);
  }
}

TimerWheel::~TimerWheel() {
  for (auto& level : slots_) {
    for (TimerLinks& slot : level) {
      while (slot.next != &slot) Unlink(slot.next);
    }
  }
}

void TimerWheel::Schedule(Timer* timer, uint64_t delay_ms) {
  Cancel(timer);
  if (advancing_) delay_ms = std::max<uint64_t>(delay_ms, 1);
  timer->deadline_ms_ = delay_ms > UINT64_MAX - now_ms_ ? UINT64_MAX : now_ms_ + delay_ms;
  Place(timer);
}

void TimerWheel::Cancel(Timer* timer) {
  if (timer->scheduled()) Unlink(timer);
}

void TimerWheel::SetNow(uint64_t now_ms) { now_ms_ = std::max(now_ms_, now_ms); }

void TimerWheel::Advance(uint64_t now_ms) {
  SetNow(now_ms);
  advancing_ = true;
  for (Position next; FindNext(&next) && next.start_ms <= now_ms_;) {
    advanced_to_ms_ = next.start_ms;
    TimerLinks due;
    Splice(&slots_[next.level][next.slot], &due);
    if (next.level == 0) {
      Run(&due);
      continue;
    }
    while (due.next != &due) {
      auto* timer = static_cast<Timer*>(due.next);
      Unlink(timer);
      Place(timer);
    }
  }
  advancing_ = false;
  advanced_to_ms_ = now_ms_;
}

void TimerWheel::Run(TimerLinks* due) {
  while (due->next != due) {
    auto* timer = static_cast<Timer*>(due->next);
    Unlink(timer);
    timer->on_expired_(timer->context_);
  }
}

uint64_t TimerWheel::NextDeadline() const {
  Position next;
  return FindNext(&next) ? next.start_ms : UINT64_MAX;
}

void TimerWheel::Place(Timer* timer) {
  const uint64_t difference = timer->deadline_ms_ ^ advanced_to_ms_;
  const int level = difference == 0 ? 0 : (std::bit_width(difference) - 1) / kDigitBits;
  const int slot = (timer->deadline_ms_ >> (level * kDigitBits)) % kSlots;
  PushBack(&slots_[level][slot], timer);
  occupied_[level] |= uint64_t{1} << slot;
}

bool TimerWheel::FindNext(Position* position) const {
  for (int level = 0; level < kLevels; ++level) {
    while (occupied_[level] != 0) {
      const int slot = std::countr_zero(occupied_[level]);
      const TimerLinks& list = slots_[level][slot];
      if (list.next != &list) {
        const uint64_t higher_digits = advanced_to_ms_ >> (level * kDigitBits) & ~uint64_t{kSlots - 1};
        *position = {level, slot, (higher_digits | static_cast<uint64_t>(slot)) << (level * kDigitBits)};
        return true;
      }
      occupied_[level] &= occupied_[level] - 1;
    }
  }
  return false;
}

}  // namespace fairlead::event
