#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// Servers that come, change, or leave a backend that stays. After CompileBackends.
void CompileServers(Compilation& compilation);

}  // namespace fairlead::control
