#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "dataplane/config/slots.h"
#include "dataplane/metrics/rule_counters.h"

namespace fairlead::config {

// One of the backends that a rule chooses from.
struct WeightedBackend {
  BackendSlot backend = 0;
  uint32_t weight = 1;
};

enum class PathMatch : uint8_t { kAny, kExact, kPrefix };

// One rule: which requests, and where they go.
struct RouteRule {
  std::string id;
  PathMatch path_match = PathMatch::kAny;
  std::string path;  // with kExact and kPrefix
  std::vector<WeightedBackend> backends;
  uint64_t total_weight = 0;                         // of backends, not 0
  std::optional<std::chrono::milliseconds> timeout;  // in place of the backend's response_timeout
  std::optional<uint64_t> max_body_bytes;            // in place of the listener's
  std::vector<std::string> upgrades{"websocket"};    // protocols that a connection may change to
  bool allow_connect = false;                        // it is for CONNECT, too; kAny alone
  // The same object in all revisions in which the table has this virtual host and it this rule, by their ids.
  std::shared_ptr<metrics::RuleCounters> counters;
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
