#pragma once

#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/control/violations.h"
#include "dataplane/health/health_table.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// Holds what was staged, and not committed, against the transaction's preconditions. Costs nothing without any; with a
// share, as much as the backends that change have servers.
void CheckPreconditions(const v1::Transaction& transaction, const Store& store, const Staged& staged,
                        const health::HealthTable& health, Violations& violations);

}  // namespace fairlead::control
