#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// The controller's words on health. After CompileServers.
void CompileHealth(Compilation& compilation);

}  // namespace fairlead::control
