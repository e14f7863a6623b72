#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "dataplane/config/route_actions.h"
#include "dataplane/config/route_match.h"
#include "dataplane/config/slots.h"
#include "dataplane/metrics/rule_counters.h"

namespace fairlead::config {

// One of the backends that a rule chooses from.
struct WeightedBackend {
  BackendSlot backend = 0;
  uint32_t weight = 1;
};

// One rule: which requests, and what is done with them.
struct RouteRule {
  std::string id;
  RouteMatch match;
  std::vector<WeightedBackend> backends;
  uint64_t total_weight = 0;                              // of backends; not 0 where there are any
  std::optional<std::chrono::milliseconds> timeout;       // in place of the backend's response_timeout
  std::optional<std::chrono::milliseconds> idle_timeout;  // in place of the backend's idle_timeout
  std::optional<uint64_t> max_body_bytes;                 // in place of the listener's
  std::vector<std::string> upgrades{"websocket"};         // protocols that a connection may change to
  bool allow_connect = false;                             // it is for CONNECT, too; kAny alone
  // Null: none. Where there is one of the first two there are no backends.
  std::shared_ptr<const Redirect> redirect;
  std::shared_ptr<const Respond> respond;
  std::shared_ptr<const Rewrite> rewrite;
  std::shared_ptr<const HeaderChanges> request_headers;
  std::shared_ptr<const HeaderChanges> response_headers;
  std::shared_ptr<const GrpcRetry> grpc_retry;
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
