#pragma once

#include "dataplane/config/backend.h"
#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// Puts what the message at `place` says into `settings`: the policy, what its tables and keys are, and when health is
// not looked at.
void CompileLoadBalancing(const v1::LoadBalancing& message, const Path& place, config::BackendSettings& settings,
                          Violations& violations);

}  // namespace fairlead::control
