#include "dataplane/admin/server_walk.h"

namespace fairlead::admin {

ServerWalk::Step ServerWalk::Next() {
  if (backend_ == nullptr) {
    while (backend_slot_ < snapshot_->backends.size()) {
      backend_ = snapshot_->backends[backend_slot_++].get();
      server_slot_ = 0;
      if (backend_ != nullptr) return Step::kBackendBegin;
    }
    return Step::kEnd;
  }
  while (server_slot_ < backend_->servers.size()) {
    server_ = backend_->servers[server_slot_++].get();
    if (server_ != nullptr) return Step::kServer;
  }
  backend_ = nullptr;
  return Step::kBackendEnd;
}

}  // namespace fairlead::admin
