#include "dataplane/upstream/connection_places.h"

namespace fairlead::upstream {

bool ConnectionPlaces::TryOpen() {
  if (!limited()) {
    counters_->open_connections.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  uint32_t open = counters_->open_connections.load();
  while (open < limit_) {
    if (counters_->open_connections.compare_exchange_weak(open, open + 1)) return true;
  }
  return false;
}

bool ConnectionPlaces::TryClaim() {
  uint32_t unclaimed = counters_->unclaimed_connections.load();
  while (unclaimed > 0) {
    if (counters_->unclaimed_connections.compare_exchange_weak(unclaimed, unclaimed - 1)) return true;
  }
  return false;
}

}  // namespace fairlead::upstream
