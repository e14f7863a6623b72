#pragma once

#include "dataplane/config/route_match.h"
#include "dataplane/control/path.h"
#include "dataplane/control/regex_cache.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// What a rule asks of a request.
config::RouteMatch CompileRouteMatch(const v1::RouteMatch& message, const Path& place, RegexCache& regexes,
                                     Violations& violations);

}  // namespace fairlead::control
