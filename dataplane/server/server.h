#pragma once

#include "absl/status/status.h"
#include "dataplane/server/options.h"

namespace fairlead::server {

// Runs the proxy as `options` say, on the calling thread, which becomes the control thread, until a signal ends it.
// Errors: what kept it from starting, with the flag's name.
absl::Status Run(const Options& options);

}  // namespace fairlead::server
