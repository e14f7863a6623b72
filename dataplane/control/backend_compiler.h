#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// Settings of backends, and the removal of backends with all that they hold. First of the compilers.
void CompileBackends(Compilation& compilation);

}  // namespace fairlead::control
