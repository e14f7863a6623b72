#pragma once

#include "dataplane/control/requests.h"
#include "dataplane/control/scopes.h"
#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/control/violations.h"

namespace fairlead::control {

// PERMISSION_DENIED by path for each resource that the transaction is not allowed to change by `rights`.
void CheckPermissions(const Rights& rights, const AllRequests& requests, const Store& store, Violations& violations);

// The same for each resource that would refer to another from now on that its author may neither change nor use. What
// it referred to before is no question.
void CheckReferencePermissions(const Rights& rights, const Store& store, const Staged& staged, Violations& violations);

}  // namespace fairlead::control
