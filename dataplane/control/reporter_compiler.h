#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// Stages what the transaction wants of reporters.
void CompileReporters(Compilation& compilation);

}  // namespace fairlead::control
