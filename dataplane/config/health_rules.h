#pragma once

#include <cstdint>
#include <memory>
#include <optional>

namespace fairlead::config {

// Votes that must agree.
struct HealthQuorum {
  uint32_t votes = 1;  // by weight
  uint32_t failure_domains = 1;

  bool operator==(const HealthQuorum&) const = default;
};

// A server that changes all the time is held DOWN (RFC 2439).
struct FlapDamping {
  uint64_t half_life_ms = 60'000;
  double suppress = 3'000;
  double reuse = 1'000;

  bool operator==(const FlapDamping&) const = default;
};

// Reports take no more than a share of a backend out within a time.
struct FailSafe {
  double max_share = 1;
  uint64_t within_ms = 60'000;

  bool operator==(const FailSafe&) const = default;
};

// How what reporters say of a backend's servers becomes decisions: BackendHealth in api/fairlead/v1/resources.proto,
// and docs/HEALTH.md. Immutable. Most backends have none: then the word that came last decides.
struct HealthRules {
  // Either is set: votes are counted. Neither: the word that came last decides.
  std::optional<HealthQuorum> down{};
  std::optional<HealthQuorum> up{};
  uint32_t rise = 1;
  uint32_t fall = 1;
  uint64_t min_down_ms = 0;
  uint64_t min_up_ms = 0;
  uint64_t keep_last_ms = 0;
  std::optional<FlapDamping> damping{};
  std::optional<FailSafe> fail_safe{};
  // Whether a server of UNKNOWN health is picked: else becoming UNKNOWN takes it out, as DOWN does.
  bool unknown_is_eligible = true;

  bool counts_votes() const { return down.has_value() || up.has_value(); }

  bool operator==(const HealthRules&) const = default;
};

using HealthRulesPtr = std::shared_ptr<const HealthRules>;

}  // namespace fairlead::config
