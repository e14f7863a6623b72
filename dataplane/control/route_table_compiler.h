#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// Route tables. After CompileBackends.
void CompileRouteTables(Compilation& compilation);

}  // namespace fairlead::control
