#pragma once

#include "dataplane/config/listener.h"
#include "dataplane/control/path.h"
#include "dataplane/control/slot_index.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

config::TcpSettings CompileTcp(const v1::TcpListener& message, const Path& place, const PlannedSlots& backends,
                               Violations& violations);

}  // namespace fairlead::control
