#include "controlplane-mock/heartbeats.h"

#include <algorithm>

namespace fairlead::controlplane_mock {

void Heartbeats::Start(std::chrono::milliseconds interval, std::chrono::milliseconds timeout) {
  interval_ = interval;
  timeout_ = timeout;
}

TimePoint Heartbeats::NextDeadline() const { return std::min(SendDeadline(), HearDeadline()); }

TimePoint Heartbeats::SendDeadline() const {
  return interval_.count() == 0 ? TimePoint::max() : last_sent_ + interval_;
}

TimePoint Heartbeats::HearDeadline() const { return timeout_.count() == 0 ? TimePoint::max() : last_heard_ + timeout_; }

}  // namespace fairlead::controlplane_mock
