#pragma once

#include <vector>

#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/health/health_table.h"

namespace fairlead::control {

// Tells the health table what a transaction that is about to be committed makes of servers and of the controller's
// words. `store` is as it was before.
void CommitToHealthTable(const Store& store, const Staged& staged, health::HealthTable& table);

// Gives the servers at `places` the health that the table decided, where they have another; those that changed are
// named in `changes`. Places without a server are passed over.
void TakeDecidedHealth(const health::HealthTable& table, const std::vector<config::ChangeList::ServerChange>& places,
                       config::Snapshot& snapshot, config::ChangeList& changes);

}  // namespace fairlead::control
