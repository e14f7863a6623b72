#pragma once

#include <cstdint>
#include <random>

namespace fairlead::base {

// How long to wait before the next try: random between 0 and a bound that doubles from 0.1 s to 10 s, or another last
// one, with each ("full jitter", so that a fleet that lost its controller in one moment does not come back in one).
class Backoff {
 public:
  explicit Backoff(uint32_t seed, uint64_t last_bound_ms = kLastBoundMs)
      : last_bound_ms_(last_bound_ms), random_(seed) {}

  uint64_t NextDelayMs();
  // Something worked: begins anew.
  void Reset() { bound_ms_ = kFirstBoundMs; }

  static constexpr uint64_t kFirstBoundMs = 100;
  static constexpr uint64_t kLastBoundMs = 10'000;

 private:
  const uint64_t last_bound_ms_;
  uint64_t bound_ms_ = kFirstBoundMs;
  std::mt19937 random_;
};

}  // namespace fairlead::base
