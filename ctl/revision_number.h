#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace fairlead::ctl {

// INVALID_ARGUMENT for what is no whole number.
absl::StatusOr<uint64_t> ParseRevision(const std::string& text);

}  // namespace fairlead::ctl
