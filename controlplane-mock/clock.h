#pragma once

#include <chrono>

namespace fairlead::controlplane_mock {

// The time that sessions and scenarios run by: handed to them with every call, so that tests choose it.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

}  // namespace fairlead::controlplane_mock
