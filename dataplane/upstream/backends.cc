#include "dataplane/upstream/backends.h"

namespace fairlead::upstream {

void Backends::Adopt(const config::Snapshot& snapshot, const config::ChangeList& changes) {
  if (backends_.size() < snapshot.backends.size()) backends_.resize(snapshot.backends.size());
  const auto update = [&](config::BackendSlot slot) {
    const config::Backend* config = slot < snapshot.backends.size() ? snapshot.backends[slot].get() : nullptr;
    std::unique_ptr<Backend>& backend = backends_[slot];
    if (config == nullptr || (backend != nullptr && !backend->serves(*config))) backend.reset();
    if (config == nullptr) return;
    if (backend == nullptr) {
      backend = std::make_unique<Backend>(environment_, config);
    } else {
      backend->Update(config);
    }
  };
  for (config::BackendSlot slot : changes.backends) update(slot);
  // A changed server changes its backend's object, too.
  for (const config::ChangeList::ServerChange& change : changes.servers) {
    update(change.backend);
    if (Backend* backend = backends_[change.backend].get(); backend != nullptr) backend->UpdateServer(change.server);
  }
}

}  // namespace fairlead::upstream
