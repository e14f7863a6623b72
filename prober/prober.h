#pragma once

#include "absl/status/status.h"
#include "prober/options.h"

namespace fairlead::prober {

// Runs the program until SIGTERM or SIGINT. Errors: what keeps it from starting.
absl::Status Run(const Options& options);

}  // namespace fairlead::prober
