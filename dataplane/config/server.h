#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"
#include "dataplane/base/counted_ptr.h"
#include "dataplane/metrics/server_counters.h"
#include "dataplane/net/address.h"

namespace fairlead::config {

// What an operator wants of a server.
enum class AdminState : uint8_t { kReady, kDrain, kMaint };

// What reporters say of it, as the control side decided.
enum class Health : uint8_t { kUnknown, kUp, kDegraded, kDown };

std::string_view ToString(AdminState state);  // "READY", …: the API's own names
std::string_view ToString(Health health);     // "UNKNOWN", …

// Stands for no limit: no count ever reaches it.
inline constexpr uint32_t kNoLimit = UINT32_MAX;

struct ServerLabels : base::Counted {
  std::map<std::string, std::string> values;
};

// One server of one revision. Immutable; revisions in which nothing about it changed share it (ServerPtr). There may be
// 100,000: 112 bytes, so the order of its members is that of their sizes and not of what they mean.
struct Server : base::Counted {
  uint16_t weight = 1;
  AdminState admin_state = AdminState::kReady;
  Health health : 7 = Health::kUnknown;
  bool has_weight : 1 = false;  // the controller named the weight, if only to say 1
  // In all workers together.
  uint32_t max_connections = kNoLimit;
  uint32_t max_requests = kNoLimit;
  absl::uint128 digest = 0;  // what it adds to the fingerprint (api/fingerprint)
  std::string id;
  net::Address address;
  base::CountedPtr<const ServerLabels> labels;  // null when there are none
  // The same object in all revisions in which the server exists.
  base::CountedPtr<metrics::ServerCounters> counters;

  // Whether it may be picked: READY, of a health that allows it. Its weight may still be 0.
  bool IsEligible(bool unknown_is_eligible) const {
    return admin_state == AdminState::kReady && health != Health::kDown &&
           (health != Health::kUnknown || unknown_is_eligible);
  }
  // The weight that the balancing works with: 0 when it is not eligible.
  uint32_t EffectiveWeight(bool unknown_is_eligible) const { return IsEligible(unknown_is_eligible) ? weight : 0; }
};

using ServerPtr = base::CountedPtr<const Server>;

}  // namespace fairlead::config
