#include "dataplane/control/backend_editor.h"

#include <utility>

namespace fairlead::control {

config::Backend& BackendEditor::Edit(config::BackendSlot slot) {
  std::shared_ptr<config::Backend>& edited = edited_[slot];
  if (edited == nullptr) {
    const bool exists = slot < snapshot_->backends.size() && snapshot_->backends[slot] != nullptr;
    edited =
        exists ? std::make_shared<config::Backend>(*snapshot_->backends[slot]) : std::make_shared<config::Backend>();
  }
  return *edited;
}

void BackendEditor::Finish() {
  for (auto& [slot, backend] : edited_) {
    PutAt(snapshot_->backends, slot, std::move(backend));
  }
}

}  // namespace fairlead::control
