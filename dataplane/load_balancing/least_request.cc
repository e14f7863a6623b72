#include "dataplane/load_balancing/least_request.h"

#include "dataplane/load_balancing/grow.h"

namespace fairlead::load_balancing {

void LeastRequest::SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>* active_requests) {
  servers_.SetWeight(slot, weight);
  if (slot >= active_requests_.size()) {
    ReserveFor(active_requests_, slot + size_t{1});
    active_requests_.resize(slot + size_t{1});
  }
  active_requests_[slot] = active_requests;
}

std::optional<config::ServerSlot> LeastRequest::Pick(config::ServerSlot avoid) {
  const std::optional<config::ServerSlot> first = servers_.DrawExcept(avoid, kNone, *random_);
  if (!first) return servers_.DrawExcept(kNone, kNone, *random_);
  const std::optional<config::ServerSlot> second = servers_.DrawExcept(avoid, *first, *random_);
  if (second && IsLessBusy(*second, *first)) return second;
  return first;
}

bool LeastRequest::IsLessBusy(config::ServerSlot slot, config::ServerSlot other) const {
  const uint64_t requests = active_requests_[slot]->load(std::memory_order_relaxed);
  const uint64_t requests_of_other = active_requests_[other]->load(std::memory_order_relaxed);
  // a / v < b / w as a * w < b * v. Not with the request to come added on both sides: of two idle servers the heavier
  // would then win always, and a light one would get nothing while there is little to do.
  return requests * servers_.weight(other) < requests_of_other * servers_.weight(slot);
}

}  // namespace fairlead::load_balancing
