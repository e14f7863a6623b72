#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/config/backend.h"
#include "dataplane/control/capacity.h"
#include "dataplane/load_balancing/hash_table.h"

namespace fairlead::control {

// How many of their keys a transaction's backends would send elsewhere, which are balanced by a hash. For one dry run.
class MovedKeys {
 public:
  // Keys that are tried.
  static constexpr uint64_t kKeys = 65'536;
  // What a dry run may spend on tables, all of them together.
  static constexpr uint64_t kMostCostNs = 250'000'000;

  // The share (0 to 1), from one state of a backend to another; 0 where no server takes any, before or after. None: one
  // of them is not balanced by a hash, or its table would take too long.
  std::optional<double> ShareOf(const config::Backend& before, const Weights& weights_before,
                                const config::Backend& after, const Weights& weights_after);

 private:
  // Of all of the backend's servers as they are; null: it takes too long.
  std::shared_ptr<const load_balancing::HashTable> TableOf(const config::Backend& backend);

  uint64_t budget_ns_ = kMostCostNs;
};

}  // namespace fairlead::control
