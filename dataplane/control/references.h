#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace fairlead::control {

// Which resources of one kind refer to which of another, by slots: for the check that nothing is removed that is still
// in use. On the control thread.
class References {
 public:
  // All that `referrer` refers to, in place of what it referred to before; empty: nothing. One may be named twice.
  void Set(uint32_t referrer, std::vector<uint32_t> targets);

  // Those that refer to `target`, in no order.
  const absl::flat_hash_set<uint32_t>& ReferrersOf(uint32_t target) const;

 private:
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> targets_;
  absl::flat_hash_map<uint32_t, absl::flat_hash_set<uint32_t>> referrers_;
  const absl::flat_hash_set<uint32_t> none_;
};

}  // namespace fairlead::control
