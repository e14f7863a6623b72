#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prober/checker.h"

namespace fairlead::prober {

// One proxy, as pages show it.
struct ProxyState {
  std::string address;
  bool reached = false;
  uint64_t reports_sent = 0;
  uint64_t reports_refused = 0;
  uint64_t streams_lost = 0;
};

// What the pages show, as of one moment of the loop.
struct ProberState {
  Checker::Census census;
  Checker::Counters counters;
  size_t running = 0;
  size_t waiting = 0;
  size_t peers = 0;  // other probers that are there
  uint64_t datagrams_refused = 0;
  std::vector<ProxyState> proxies;
};

// /metrics, whole, in Prometheus' text format; docs/PROBER.md lists what is in it.
std::string WriteMetrics(const ProberState& state);

// /servers: this prober's share, in JSON.
std::string WriteServers(const Checker& checker, uint64_t now_ms);

// Why this prober is of no use now; empty: it is.
std::string WhyNotHealthy(const ProberState& state);

}  // namespace fairlead::prober
