#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/persistent_vector.h"
#include "dataplane/config/backend.h"
#include "dataplane/config/credentials.h"
#include "dataplane/config/listener.h"
#include "dataplane/config/slots.h"

namespace fairlead::routing {
class Router;  // a route table, compiled; held here, understood there
}

namespace fairlead::config {

// All that workers serve by: immutable, made by the control side, sharing with the one before whatever did not change.
// Workers hold plain pointers; the control side keeps it alive until each of them has let go (worker::WorkerPool),
// and destroys it there.
struct Snapshot {
  uint64_t revision = 0;
  // Each by slot; null where a slot is free.
  base::PersistentVector<std::shared_ptr<const Listener>> listeners;
  base::PersistentVector<std::shared_ptr<const routing::Router>> route_tables;
  base::PersistentVector<std::shared_ptr<const Backend>> backends;
  // For the control side alone: listeners and backends hold what workers need of them.
  base::PersistentVector<std::shared_ptr<const Certificate>> certificates;
  base::PersistentVector<std::shared_ptr<const TrustBundle>> trust_bundles;
  base::PersistentVector<std::shared_ptr<const TicketKeys>> ticket_keys;
};

// What differs between a snapshot and the one before it. Slots, not values: a worker looks up what is there now
// (nothing: removed). A slot is named once, however much about it changed; servers of an added or removed backend are
// all named.
struct ChangeList {
  struct ServerChange {
    BackendSlot backend;
    ServerSlot server;
  };
  std::vector<ListenerSlot> listeners;
  std::vector<BackendSlot> backends;  // added, removed, or their settings changed
  std::vector<ServerChange> servers;
};

}  // namespace fairlead::config
