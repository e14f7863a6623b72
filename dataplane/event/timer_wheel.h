#pragma once

#include <cstdint>

namespace fairlead::event {

class TimerWheel;

// A deadline within an object that it belongs to: embed it, and destroy it with its owner (destroying cancels). Not
// movable. For the loop's thread alone. 40 bytes.
class Timer {
 public:
  // `on_expired(context)` runs from the loop's turn, once for each Schedule that is not cancelled.
  Timer(void (*on_expired)(void*), void* context) : on_expired_(on_expired), context_(context) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool scheduled() const { return wheel_level_ != kNotScheduled; }

 private:
  friend class TimerWheel;
  static constexpr uint8_t kNotScheduled = 0xff;
  // (the implementation's links and deadline)
};

// A hierarchical wheel with a tick of 1 ms: Schedule and Cancel in O(1). A timer expires at its deadline or later, never
// before. Knows no clock: the loop advances it (tests by hand).
class TimerWheel {
 public:
  explicit TimerWheel(uint64_t now_ms = 0);
  ~TimerWheel();  // cancels what is left

  // Expires `delay_ms` from now_ms(). Scheduled already: moved.
  void Schedule(Timer* timer, uint64_t delay_ms);
  void Cancel(Timer* timer);
  // Moves on to `now_ms` and runs what is due, in order of deadlines. Timers may schedule and cancel any timer meanwhile.
  void Advance(uint64_t now_ms);
  // A bound for the next wait: no timer expires earlier; UINT64_MAX when there is none.
  uint64_t NextDeadline() const;
  uint64_t now_ms() const { return now_ms_; }

 private:
  uint64_t now_ms_;
};

}  // namespace fairlead::event
