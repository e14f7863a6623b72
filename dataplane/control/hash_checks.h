#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// Of backends that are balanced by a hash, what several resources make together: tables that are too small for the
// servers, TCP connections that have none of the keys. Looks at what the transaction touches; the staged snapshot is
// complete.
void CheckHashes(Compilation& compilation);

}  // namespace fairlead::control
