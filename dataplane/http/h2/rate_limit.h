#pragma once

#include <algorithm>
#include <cstdint>

namespace fairlead::http::h2 {

// So many at once, and as many again spread over each minute: a token bucket. 24 bytes, part of a connection.
class RateLimit {
 public:
  RateLimit(uint32_t limit, uint64_t now_ms) : limit_(limit), left_(int64_t{limit} * kUnit), then_ms_(now_ms) {}

  // Takes one. False: there were too many.
  bool Take(uint64_t now_ms) {
    if (now_ms > then_ms_) {
      left_ = std::min(int64_t{limit_} * kUnit, left_ + static_cast<int64_t>((now_ms - then_ms_) * limit_));
      then_ms_ = now_ms;
    }
    if (left_ < kUnit) return false;
    left_ -= kUnit;
    return true;
  }

 private:
  static constexpr int64_t kUnit = 60'000;  // milliseconds of a minute: what comes back in one is the limit

  uint32_t limit_;
  int64_t left_;
  uint64_t then_ms_;
};

}  // namespace fairlead::http::h2
