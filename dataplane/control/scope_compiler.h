#pragma once

#include "dataplane/control/compilation.h"

namespace fairlead::control {

// Stages the transaction's scopes. One after which nobody could change scopes any more is refused.
void CompileScopes(Compilation& compilation);

}  // namespace fairlead::control
