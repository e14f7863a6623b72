#pragma once

#include <cstdint>

namespace fairlead::event {

class TimerWheel;

// The links of a circular list. Unlinking needs no knowledge of the list.
struct TimerLinks {
  TimerLinks* next = nullptr;
  TimerLinks* previous = nullptr;
};

// A deadline within an object that it belongs to: embed it, and destroy it with its owner (destroying cancels). Not
// movable. For the loop's thread alone. 40 bytes.
class Timer : private TimerLinks {
 public:
  // `on_expired(context)` runs from the loop's turn, once for each Schedule that is not cancelled. The timer is no
  // longer scheduled then: the function may schedule it again, or destroy it.
  Timer(void (*on_expired)(void*), void* context) : on_expired_(on_expired), context_(context) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool scheduled() const { return next != nullptr; }
  // When it expires, by the wheel's clock; of a timer that is scheduled.
  uint64_t deadline_ms() const { return deadline_ms_; }

 private:
  friend class TimerWheel;

  void (*on_expired_)(void*);
  void* context_;
  uint64_t deadline_ms_ = 0;
};

// A hierarchical wheel with a tick of 1 ms: Schedule and Cancel in O(1). A timer expires at its deadline or later,
// never before; timers of the same deadline in the order in which they were scheduled. Knows no clock: the loop
// advances it (tests by hand). For the loop's thread alone.
//
// Each level has 64 slots, each as long as a whole turn of the level below. A timer lies on the level of the highest
// digit (base 64) in which its deadline differs from the present; when the present reaches its slot, it moves to a
// lower level. So all timers of one level are due before any of the next, and a timer moves at most once for each digit
// that its delay has: three times for a minute, if it is not cancelled before.
class TimerWheel {
 public:
  explicit TimerWheel(uint64_t now_ms = 0);
  ~TimerWheel();  // cancels what is left
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Expires `delay_ms` from now_ms(). Scheduled already: moved. Never runs anything at once: with a delay of 0 it
  // expires in the next Advance; called from a timer's function, in one that comes a tick later at least.
  void Schedule(Timer* timer, uint64_t delay_ms);
  void Cancel(Timer* timer);

  // Sets the clock alone: delays count from here. Time never goes back: less than now_ms() changes nothing.
  void SetNow(uint64_t now_ms);
  // Sets the clock and runs what is due, in order of deadlines. Timers may schedule, cancel and destroy any timer
  // meanwhile; those that they schedule wait for a later Advance.
  void Advance(uint64_t now_ms);

  // A bound for the next wait: no timer expires earlier; UINT64_MAX when there is none.
  uint64_t NextDeadline() const;
  uint64_t now_ms() const { return now_ms_; }

 private:
  static constexpr int kDigitBits = 6;
  static constexpr int kSlots = 1 << kDigitBits;
  static constexpr int kLevels = (64 + kDigitBits - 1) / kDigitBits;

  // Where the next timers lie, and the first millisecond that the slot stands for.
  struct Position {
    int level;
    int slot;
    uint64_t start_ms;
  };

  void Place(Timer* timer);
  // False when there is no timer at all.
  bool FindNext(Position* position) const;
  // Runs, in order, what the circular list after `due` holds.
  void Run(TimerLinks* due);

  // The clock, and how far timers have been run. Between turns of the loop the first may be ahead.
  uint64_t now_ms_;
  uint64_t advanced_to_ms_;
  bool advancing_ = false;
  // Slots that may hold timers. Timers leave without telling; FindNext drops the bit of a slot that it finds empty.
  mutable uint64_t occupied_[kLevels] = {};
  TimerLinks slots_[kLevels][kSlots];
};

}  // namespace fairlead::event
