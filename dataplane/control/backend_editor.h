#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "dataplane/config/snapshot.h"

namespace fairlead::control {

// Sets `vector[slot]`, which may lie beyond its end.
template <typename Pointer>
void PutAt(base::PersistentVector<Pointer>& vector, uint32_t slot, std::type_identity_t<Pointer> value) {
  while (vector.size() <= slot) vector.PushBack(nullptr);
  vector.Set(slot, std::move(value));
}

// Changes backends of a snapshot that is being made: each that is touched becomes a copy of its own, once, however many
// of its servers change.
class BackendEditor {
 public:
  explicit BackendEditor(config::Snapshot* snapshot) : snapshot_(snapshot) {}

  // The backend at `slot`, to change until Finish. A slot that is free gets an empty one.
  config::Backend& Edit(config::BackendSlot slot);
  void SetServer(config::BackendSlot backend, config::ServerSlot server, config::ServerPtr value) {
    PutAt(Edit(backend).servers, server, std::move(value));
  }
  // Frees the slot at Finish.
  void Remove(config::BackendSlot slot) { edited_[slot] = nullptr; }

  // Puts all of it into the snapshot. Once.
  void Finish();

 private:
  config::Snapshot* snapshot_;
  absl::flat_hash_map<config::BackendSlot, std::shared_ptr<config::Backend>> edited_;
};

}  // namespace fairlead::control
