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

// What few servers have.
struct ServerExtras : base::Counted {
  // In all workers together.
  uint32_t max_connections = kNoLimit;
  uint32_t max_requests = kNoLimit;
  std::map<std::string, std::string> labels;
};

// What a resource adds to the fingerprint (api/fingerprint), as 8-byte words: an absl::uint128 would want to lie at a
// multiple of 16.
class Digest {
 public:
  Digest() = default;
  explicit Digest(absl::uint128 value) : high_(absl::Uint128High64(value)), low_(absl::Uint128Low64(value)) {}
  operator absl::uint128() const { return absl::MakeUint128(high_, low_); }
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  uint64_t high_ = 0;
  uint64_t low_ = 0;
};

// One server of one revision. Immutable; revisions in which nothing about it changed share it (ServerPtr). There may be
// 100,000: 104 bytes, so the order of its members is that of their sizes and not of what they mean.
struct Server : base::Counted {
  uint16_t weight = 1;
  AdminState admin_state = AdminState::kReady;
  Health health : 7 = Health::kUnknown;
  bool has_weight : 1 = false;  // the controller named the weight, if only to say 1
  Digest digest;
  std::string id;
  net::Address address;
  base::CountedPtr<const ServerExtras> extras;  // null when it has none
  // The same object in all revisions in which the server exists.
  base::CountedPtr<metrics::ServerCounters> counters;

  uint32_t max_connections() const { return extras == nullptr ? kNoLimit : extras->max_connections; }
  uint32_t max_requests() const { return extras == nullptr ? kNoLimit : extras->max_requests; }
  // While it is made. Labels stay.
  void SetLimits(uint32_t max_connections, uint32_t max_requests);

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
