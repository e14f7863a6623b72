#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/event/timer_wheel.h"

namespace fairlead::control {

// Gives back to the system what big transactions left behind: their messages, and what was needed to check them, lie
// between what is kept, so that the allocator alone would hold several hundred bytes for each server for good. Done a
// while after them and seldom, since it takes some milliseconds for a big fleet, and for each of the allocator's arenas
// its lock.
//
// Owned by the transactor, on the control thread.
class MemoryReturn {
 public:
  // From how many bytes of transactions on it is worth it, and how long after that it is done. A message takes about
  // ten times its bytes once it is read: 250 KB for 10,000 servers left 100 bytes for each of them behind.
  static constexpr size_t kWorthBytes = 64 * 1024;
  static constexpr uint64_t kDelayMs = 500;

  // `timers` outlives it.
  explicit MemoryReturn(event::TimerWheel* timers) : timers_(timers), timer_(&Return, this) {}

  // At the start of the program, before there are other threads: the allocator gives back the free end of an arena as
  // soon as it is large. By itself it would keep as much as twice the largest block that it ever gave back, and more
  // where the pieces are too small to be joined at once; a gRPC thread's arena holds whole messages there, where
  // malloc_trim does not look.
  static void SetUpAllocator();

  // A transaction of so many bytes ends now.
  void Note(size_t transaction_bytes);
  // Whether some is to be given back soon.
  bool due() const { return timer_.scheduled(); }

 private:
  static void Return(void* memory_return);

  event::TimerWheel* const timers_;
  event::Timer timer_;
  size_t bytes_ = 0;  // of transactions since the last time
};

}  // namespace fairlead::control
