#pragma once

#include <string>
#include <vector>

#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// The protocols that `message.upgrades`, which is not empty, names; none for "none".
std::vector<std::string> CompileUpgrades(const v1::RouteRule& message, const Path& place, Violations& violations);

}  // namespace fairlead::control
