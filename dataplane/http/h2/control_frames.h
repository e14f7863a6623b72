#pragma once

#include <algorithm>
#include <cstdint>

namespace fairlead::http::h2 {

// Holds how many frames a peer may send that carry nothing (PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE)
// and so cost work for nothing: so many at once, and another such number spread over each minute. What is
// due to the proxy's own doing, such as windows for what it sends, is granted on top.
class ControlFrames {
 public:
  explicit ControlFrames(uint32_t limit, uint64_t now_ms) : limit_(limit), left_(limit), refilled_ms_(now_ms) {}

  // One has come. False: one too many.
  bool Take(uint64_t now_ms) {
    if (left_ > 0) [[likely]] {
      --left_;
      return true;
    }
    return Refill(now_ms);
  }
  void Grant(uint32_t frames) { left_ = std::min(left_ + frames, uint64_t{2} * limit_); }

 private:
  bool Refill(uint64_t now_ms) {
    const uint64_t more = (now_ms - refilled_ms_) * limit_ / 60'000;
    if (more == 0) return false;
    refilled_ms_ = now_ms;
    left_ = std::min<uint64_t>(more, limit_) - 1;
    return true;
  }

  const uint32_t limit_;
  uint64_t left_;
  uint64_t refilled_ms_;
};

}  // namespace fairlead::http::h2
