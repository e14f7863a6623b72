#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "dataplane/config/route_match.h"
#include "dataplane/config/slots.h"

namespace fairlead::config {

// One of the backends that a rule chooses from.
struct WeightedBackend {
  BackendSlot backend = 0;
  uint32_t weight = 1;
};

// One rule: which requests, and where they go.
struct RouteRule {
  std::string id;
  RouteMatch match;
  std::vector<WeightedBackend> backends;
  uint64_t total_weight = 0;                         // of backends, not 0
  std::optional<std::chrono::milliseconds> timeout;  // in place of the backend's response_timeout
};

struct VirtualHost {
  std::string id;
  std::vector<std::string> domains;  // lower case: exact, "*.suffix", "*"
  std::vector<RouteRule> rules;
};

// A route table as the controller gave it, checked and with its references resolved. routing::Router is its compiled
// form.
struct RouteTable {
  std::string id;
  std::vector<VirtualHost> virtual_hosts;
  absl::uint128 digest = 0;  // what it adds to the fingerprint
};

}  // namespace fairlead::config
