#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controlplane-mock/scenario.pb.h"

namespace fairlead::controlplane_mock {

// Reads a scenario's YAML file. Errors: what the file has wrong, "FILE:LINE: …"; what CheckScenario says.
absl::StatusOr<Scenario> LoadScenario(const std::string& path);

// INVALID_ARGUMENT for a step that does nothing or more than one thing, for an expectation or a misbehaviour of no
// kind, for a negative time: all of them, a line each.
absl::Status CheckScenario(const Scenario& scenario);

}  // namespace fairlead::controlplane_mock
