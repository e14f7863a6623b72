#include "controlplane-mock/clock_estimate.h"

#include <algorithm>

namespace fairlead::controlplane_mock {

void ClockEstimate::Add(const v1::Clock& answer, uint64_t sent_us, uint64_t now_us) {
  const auto received = static_cast<int64_t>(answer.received_us());
  const auto answered = static_cast<int64_t>(answer.sent_us());
  const auto sent = static_cast<int64_t>(sent_us);
  const auto now = static_cast<int64_t>(now_us);
  ++samples_;
  const auto round_trip_us = static_cast<uint64_t>(std::max<int64_t>((now - sent) - (answered - received), 0));
  if (offset_us_.has_value() && round_trip_us >= round_trip_us_) return;
  round_trip_us_ = round_trip_us;
  offset_us_ = ((received - sent) + (answered - now)) / 2;
}

}  // namespace fairlead::controlplane_mock
