#pragma once

#include <memory>

#include "dataplane/config/access_log.h"
#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// What is logged of a listener at `place`: all, in JSON, where it says nothing of it; null: nothing.
std::shared_ptr<const config::AccessLog> CompileAccessLog(const v1::Listener& listener, const Path& place,
                                                          Violations& violations);

}  // namespace fairlead::control
