#pragma once

#include <memory>

#include "dataplane/config/backend.h"
#include "dataplane/control/compilation.h"
#include "dataplane/control/path.h"

namespace fairlead::control {

// How a backend is to speak TLS with its servers, where `message` says that it does; null where it is wrong, with
// violations. `before`, null or what the backend has now, is returned where nothing would differ, so that connections
// go on.
std::shared_ptr<const config::BackendTls> CompileClientTls(Compilation& compilation, const v1::Backend& message,
                                                           const Path& place,
                                                           const std::shared_ptr<const config::BackendTls>& before);

}  // namespace fairlead::control
