#include "dataplane/control/references.h"

#include <utility>

namespace fairlead::control {

void References::Set(uint32_t referrer, std::vector<uint32_t> targets) {
  if (const auto before = targets_.find(referrer); before != targets_.end()) {
    for (uint32_t target : before->second) {
      const auto referrers = referrers_.find(target);
      if (referrers == referrers_.end()) continue;  // named twice
      referrers->second.erase(referrer);
      if (referrers->second.empty()) referrers_.erase(referrers);
    }
    targets_.erase(before);
  }
  if (targets.empty()) return;
  for (uint32_t target : targets) referrers_[target].insert(referrer);
  targets_.emplace(referrer, std::move(targets));
}

const absl::flat_hash_set<uint32_t>& References::ReferrersOf(uint32_t target) const {
  const auto referrers = referrers_.find(target);
  return referrers == referrers_.end() ? none_ : referrers->second;
}

}  // namespace fairlead::control
