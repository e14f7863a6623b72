#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/config/snapshot.h"

namespace fairlead::admin {

// Goes through all backends and servers of a snapshot in the order of their slots, a step at a time.
class ServerWalk {
 public:
  enum class Step : uint8_t { kBackendBegin, kServer, kBackendEnd, kEnd };

  // The snapshot outlives the walk.
  explicit ServerWalk(const config::Snapshot* snapshot) : snapshot_(snapshot) {}

  // On to the next backend or server. After kEnd, kEnd.
  Step Next();

  // Since kBackendBegin, up to kBackendEnd.
  const config::Backend& backend() const { return *backend_; }
  // After kServer.
  const config::Server& server() const { return *server_; }

 private:
  const config::Snapshot* snapshot_;
  const config::Backend* backend_ = nullptr;
  const config::Server* server_ = nullptr;
  size_t backend_slot_ = 0;  // to look at next
  size_t server_slot_ = 0;
};

}  // namespace fairlead::admin
