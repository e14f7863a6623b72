#include "dataplane/control/slot_index.h"

#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

std::optional<uint32_t> SlotIndex::Find(std::string_view id) const {
  const auto place = slots_.find(base::ToAbsl(id));
  if (place == slots_.end()) return std::nullopt;
  return place->second;
}

uint32_t SlotIndex::FreeSlot(size_t n) const {
  if (n < free_.size()) return free_[free_.size() - 1 - n];
  return end_ + static_cast<uint32_t>(n - free_.size());
}

void SlotIndex::Apply(const PlannedSlots& planned) {
  // First what goes, whose ids may be texts of this map, which additions move about.
  std::vector<uint32_t> freed;
  for (std::string_view id : planned.removed()) {
    const auto place = slots_.find(base::ToAbsl(id));
    freed.push_back(place->second);
    slots_.erase(place);
  }
  for (std::string_view id : planned.added()) {
    slots_.emplace(id, FreeSlot(0));
    if (free_.empty()) {
      ++end_;
    } else {
      free_.pop_back();
    }
  }
  free_.insert(free_.end(), freed.begin(), freed.end());
}

std::optional<uint32_t> PlannedSlots::Find(std::string_view id) const {
  const auto change = changes_.find(base::ToAbsl(id));
  return change == changes_.end() ? now_->Find(id) : change->second;
}

uint32_t PlannedSlots::Add(std::string_view id) {
  const uint32_t slot = now_->FreeSlot(added_.size());
  changes_.emplace(base::ToAbsl(id), slot);
  added_.push_back(id);
  return slot;
}

void PlannedSlots::Remove(std::string_view id) {
  changes_.emplace(base::ToAbsl(id), std::nullopt);
  removed_.push_back(id);
}

}  // namespace fairlead::control
