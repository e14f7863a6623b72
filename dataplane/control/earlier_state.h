#pragma once

#include "dataplane/control/operation_set.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// Does to a state what the operations say. They fit it: a server's backend is there. Words on the health of what is
// removed go with it. Costs as much as there is.
void ApplyOperations(const OperationSet& operations, v1::Snapshot& state);

}  // namespace fairlead::control
