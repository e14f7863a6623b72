#include "dataplane/health/fail_safe.h"

#include <algorithm>
#include <cmath>

namespace fairlead::health {

FailSafe::~FailSafe() {
  while (taken_.first != nullptr) Drop(taken_.first);
  while (held_.first != nullptr) Drop(held_.first);
}

size_t FailSafe::Limit(const config::FailSafe& rule, size_t in_service) {
  // A share that was written as 0.3 is a little less than that.
  const double most = std::floor(rule.max_share * static_cast<double>(in_service) + 1e-9);
  return std::max<size_t>(1, static_cast<size_t>(most));
}

void FailSafe::Expire(const config::FailSafe& rule, uint64_t now_ms) {
  while (taken_.first != nullptr && taken_.first->since_ms_ + rule.within_ms <= now_ms) Drop(taken_.first);
}

void FailSafe::Append(List& list, Place* place, uint64_t now_ms) {
  place->owner_ = this;
  place->since_ms_ = now_ms;
  place->previous_ = list.last;
  place->next_ = nullptr;
  (list.last == nullptr ? list.first : list.last->next_) = place;
  list.last = place;
  ++list.size;
}

void FailSafe::Take(Place* place, uint64_t now_ms) {
  place->Unlink();
  place->held_ = false;
  Append(taken_, place, now_ms);
}

void FailSafe::Hold(Place* place, uint64_t now_ms) {
  if (place->held()) return;
  place->Unlink();
  place->held_ = true;
  Append(held_, place, now_ms);
}

void FailSafe::Place::Unlink() {
  if (owner_ == nullptr) return;
  List& list = held_ ? owner_->held_ : owner_->taken_;
  (previous_ == nullptr ? list.first : previous_->next_) = next_;
  (next_ == nullptr ? list.last : next_->previous_) = previous_;
  --list.size;
  owner_ = nullptr;
}

}  // namespace fairlead::health
