#include "dataplane/control/slot_index.h"

#include <algorithm>

#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

std::optional<uint32_t> SlotIndex::Find(std::string_view id) const {
  const auto place = slots_.find(base::ToAbsl(id));
  if (place == slots_.end()) return std::nullopt;
  return *place;
}

uint32_t SlotIndex::FreeSlot(size_t n) const {
  if (n < free_.size()) return free_[free_.size() - 1 - n];
  return static_cast<uint32_t>(ids_.size() + n - free_.size());
}

// Not twofold, as the vector itself would: servers may be many.
void SlotIndex::Grow() {
  if (ids_.size() == ids_.capacity()) ids_.reserve(ids_.size() + std::max<size_t>(ids_.size() / 8, 4));
  ids_.emplace_back();
}

void SlotIndex::Apply(const PlannedSlots& planned) {
  // First what goes, whose ids may be texts of this index, which additions move about.
  std::vector<uint32_t> freed;
  for (std::string_view id : planned.removed()) {
    const auto place = slots_.find(base::ToAbsl(id));
    const uint32_t slot = *place;
    freed.push_back(slot);
    slots_.erase(place);
    std::string().swap(ids_[slot]);
  }
  for (std::string_view id : planned.added()) {
    const uint32_t slot = FreeSlot(0);
    if (free_.empty()) {
      Grow();
    } else {
      free_.pop_back();
    }
    ids_[slot] = id;
    slots_.insert(slot);
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
