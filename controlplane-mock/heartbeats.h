#pragma once

#include <chrono>

#include "controlplane-mock/clock.h"

namespace fairlead::controlplane_mock {

// When one stream has been silent for too long, in each direction: a proxy hears a Heartbeat when the controller has
// had nothing to say for the interval, and one that is not heard for the timeout is given up. Both come from Hello;
// until then the proxy has ten seconds to say it. Part of a ProxySession.
class Heartbeats {
 public:
  static constexpr std::chrono::seconds kHelloTimeout{10};

  explicit Heartbeats(TimePoint now) : last_sent_(now), last_heard_(now) {}

  // From Hello on; an interval or a timeout of 0 is none.
  void Start(std::chrono::milliseconds interval, std::chrono::milliseconds timeout);
  void Sent(TimePoint now) { last_sent_ = now; }
  void Heard(TimePoint now) { last_heard_ = now; }

  bool SendIsDue(TimePoint now) const { return now >= SendDeadline(); }
  bool GaveUp(TimePoint now) const { return now >= HearDeadline(); }
  std::chrono::milliseconds timeout() const { return timeout_; }
  // The earlier of both; TimePoint::max() for never.
  TimePoint NextDeadline() const;

 private:
  TimePoint SendDeadline() const;
  TimePoint HearDeadline() const;

  TimePoint last_sent_;
  TimePoint last_heard_;
  std::chrono::milliseconds interval_{0};
  std::chrono::milliseconds timeout_{kHelloTimeout};
};

}  // namespace fairlead::controlplane_mock
