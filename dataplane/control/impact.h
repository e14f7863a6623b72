#pragma once

#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/health/health_table.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// What committing would mean for traffic, for a dry run. Costs as much as the backends that change have servers.
v1::Impact FindImpact(const Store& store, const Staged& staged, const health::HealthTable& health);

}  // namespace fairlead::control
