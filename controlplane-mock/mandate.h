#pragma once

#include <cstdint>
#include <optional>

#include "controlplane-mock/clock.h"

namespace fairlead::controlplane_mock {

// By what right a controller writes to proxies. One that is alone may always; of several, the one that leads may for as
// long as no other can have been elected. Owned by the Controller, for its thread; sessions look at it each time that
// they write.
struct Mandate {
  TimePoint until = TimePoint::max();
  // Of every transaction, if there is one.
  std::optional<uint64_t> leader_epoch{};

  bool holds(TimePoint now) const { return now < until; }
};

}  // namespace fairlead::controlplane_mock
