#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/config/snapshot.h"

namespace fairlead::proxy {

// A snapshot that one worker still needs.
struct SnapshotPin {
  const config::Snapshot* snapshot;
  uint64_t sequence;       // of the publication
  uint32_t exchanges = 0;  // that are served by it
};

// Which snapshots one worker needs: the current one, and older ones for as long as exchanges that began with them run.
// Owned by the worker, on its thread alone. Snapshots themselves belong to the control side.
class SnapshotPins {
 public:
  // `on_released(sequence)` is told when a snapshot is needed no more.
  explicit SnapshotPins(absl::AnyInvocable<void(uint64_t)> on_released) : on_released_(std::move(on_released)) {}

  // Null before the first.
  SnapshotPin* current() { return current_; }
  SnapshotPin* Pin() {
    ++current_->exchanges;
    return current_;
  }
  void Unpin(SnapshotPin* pin) {
    if (--pin->exchanges == 0 && pin != current_) Drop(pin);
  }
  // Makes `snapshot` the current one. What the worker holds of the one before must have been brought over already.
  void Replace(const config::Snapshot* snapshot, uint64_t sequence) {
    SnapshotPin* old = current_;
    pins_.push_back(std::make_unique<SnapshotPin>(SnapshotPin{snapshot, sequence}));
    current_ = pins_.back().get();
    if (old != nullptr && old->exchanges == 0) Drop(old);
  }

 private:
  void Drop(SnapshotPin* pin) {
    const uint64_t sequence = pin->sequence;
    std::erase_if(pins_, [pin](const std::unique_ptr<SnapshotPin>& other) { return other.get() == pin; });
    on_released_(sequence);
  }

  absl::AnyInvocable<void(uint64_t)> on_released_;
  SnapshotPin* current_ = nullptr;
  std::vector<std::unique_ptr<SnapshotPin>> pins_;
};

}  // namespace fairlead::proxy
