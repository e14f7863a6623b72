#pragma once

#include <ostream>

#include "absl/status/statusor.h"
#include "prober/options.h"

namespace fairlead::prober {

// --once: checks every server one time, and prints a table for people. Returns whether all are up. Errors: what keeps
// it from knowing the servers, or how to check them.
absl::StatusOr<bool> RunOnce(const Options& options, std::ostream& out);

}  // namespace fairlead::prober
