#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "dataplane/config/backend.h"
#include "dataplane/control/staged.h"
#include "dataplane/health/health_table.h"

namespace fairlead::control {

// What each server of a backend counts for in its balancing, by slot: 0 where it is not eligible.
using Weights = std::vector<std::pair<config::ServerSlot, uint32_t>>;

// As it is in force; null: none.
Weights WeightsOf(const config::Backend* backend);

// As backends will be once a transaction is applied, its words on health among it. Valid until the table changes.
class WeightsAfter {
 public:
  // `staged` outlives it.
  WeightsAfter(const Staged* staged, const health::HealthTable& table);

  Weights Of(config::BackendSlot slot) const;

 private:
  const Staged* const staged_;
  // Of servers whose word by the controller changes.
  absl::flat_hash_map<std::pair<config::BackendSlot, config::ServerSlot>, config::Health> health_;
};

// What a backend can take.
struct Capacity {
  uint32_t servers = 0;
  uint32_t eligible = 0;  // of these, with a weight above 0
  uint64_t weight = 0;    // of the eligible ones, together
};
Capacity CapacityOf(const Weights& weights);

// The share (0 to 1) of the traffic that other servers would get than before; 0 where there was none, or will be none.
double MovedShare(const Weights& before, const Weights& after);

// The backends that are touched: their settings, servers, or the controller's words on these. In the order of slots.
std::vector<config::BackendSlot> TouchedBackends(const Staged& staged);

}  // namespace fairlead::control
