#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "fairlead/v1/health.pb.h"

namespace fairlead::prober {

// What is to be reported of a server. Immutable: the links to all proxies share it.
struct Vote {
  std::string backend;
  std::string server;
  v1::Health::Status status = v1::Health::UNKNOWN;  // UNKNOWN: what was said is withdrawn
  std::string reason;
  std::chrono::milliseconds ttl{};
  std::chrono::steady_clock::time_point made_at;
};

}  // namespace fairlead::prober
