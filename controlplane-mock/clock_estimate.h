#pragma once

#include <cstdint>
#include <optional>

#include "fairlead/v1/control.pb.h"

namespace fairlead::controlplane_mock {

// How far a proxy's clock is from this controller's, from answers to GetClock (RFC 5905 §8): of several the one with
// the least round trip counts, since half of that is how wrong it can be.
class ClockEstimate {
 public:
  // An answer to what was sent at `sent_us` and came back at `now_us`, by this clock: Unix time in microseconds.
  void Add(const v1::Clock& answer, uint64_t sent_us, uint64_t now_us);

  // By how many microseconds the proxy's clock is ahead; nothing: no answer came.
  std::optional<int64_t> offset_us() const { return offset_us_; }
  // Of the sample that counts, without the time that the proxy took.
  uint64_t round_trip_us() const { return round_trip_us_; }
  int samples() const { return samples_; }

 private:
  std::optional<int64_t> offset_us_;
  uint64_t round_trip_us_ = 0;
  int samples_ = 0;
};

}  // namespace fairlead::controlplane_mock
