#pragma once

#include <cstdint>

namespace fairlead::http::h2 {

// Measures a rate over windows of kMs or more in which one side waited for the other without a break. Part of a stream
// or a connection, looked at about once a second.
class RateWindow {
 public:
  static constexpr uint64_t kMs = 5000;

  // `waiting`: now, and since the last look; `bytes`: moved since whenever. True: a window has ended with less than
  // `rate` bytes a second.
  bool IsTooSlow(bool waiting, uint64_t bytes, uint32_t rate, uint64_t now_ms) {
    if (!waiting) {
      begin_ms_ = kNone;
      return false;
    }
    const bool begins = begin_ms_ == kNone;
    const uint64_t length_ms = begins ? 0 : now_ms - begin_ms_;
    if (!begins && length_ms < kMs) return false;
    const bool too_slow = !begins && (bytes - bytes_) * 1000 < rate * length_ms;
    begin_ms_ = now_ms;
    bytes_ = bytes;
    return too_slow;
  }
  // Something other than the client made it wait.
  void Restart() { begin_ms_ = kNone; }

 private:
  static constexpr uint64_t kNone = UINT64_MAX;

  uint64_t begin_ms_ = kNone;
  uint64_t bytes_ = 0;  // when it began
};

}  // namespace fairlead::http::h2
