#pragma once

#include <cstdint>

namespace fairlead::control {

// How one worker fares, as the worker pool knows it.
struct WorkerStatus {
  uint64_t revision = 0;  // that it serves
  uint32_t open_connections = 0;
  uint32_t active_requests = 0;
};

}  // namespace fairlead::control
