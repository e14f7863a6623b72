#include "dataplane/base/backoff.h"

#include <algorithm>
#include <utility>

namespace fairlead::base {

uint64_t Backoff::NextDelayMs() {
  const uint64_t bound = std::exchange(bound_ms_, std::min(2 * bound_ms_, last_bound_ms_));
  return std::uniform_int_distribution<uint64_t>(0, bound)(random_);
}

}  // namespace fairlead::base
