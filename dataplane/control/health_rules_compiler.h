#pragma once

#include "dataplane/config/health_rules.h"
#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// How reports become decisions on a backend's servers; null: by the word that came last, which is what is configured
// where nothing is said. `place` is the backend's.
config::HealthRulesPtr CompileHealthRules(const v1::BackendHealth& message, const Path& place, Violations& violations);

}  // namespace fairlead::control
