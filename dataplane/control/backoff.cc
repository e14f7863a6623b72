#include "dataplane/control/backoff.h"

#include <algorithm>
#include <utility>

namespace fairlead::control {

uint64_t Backoff::NextDelayMs() {
  const uint64_t bound = std::exchange(bound_ms_, std::min(2 * bound_ms_, kLastBoundMs));
  return std::uniform_int_distribution<uint64_t>(0, bound)(random_);
}

}  // namespace fairlead::control
