#pragma once

#include <chrono>

namespace fairlead::controlplane_mock {

// Of changes that are made on all proxies at one time.
struct FleetSettings {
  // How far ahead the time of the switch is set, at least; four round trips where those take longer.
  std::chrono::milliseconds lead{200};
  // How long all stay prepared before they are told to commit, for whoever wants to look.
  std::chrono::milliseconds pause{0};
  // How long a proxy holds what it has prepared without hearing more; the pause comes on top.
  std::chrono::milliseconds hold_for{10'000};
  // A proxy whose clock is further off is not relied upon.
  std::chrono::milliseconds max_skew{1'000};
};

}  // namespace fairlead::controlplane_mock
