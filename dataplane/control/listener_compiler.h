#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// Listeners, without their sockets (ListenerSockets). Last of the compilers.
void CompileListeners(Compilation& compilation);

}  // namespace fairlead::control
