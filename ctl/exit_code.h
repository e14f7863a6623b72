#pragma once

#include "absl/status/status.h"

namespace fairlead::ctl {

// What the program ends with; scripts go by it.
enum class ExitCode {
  kDone = 0,
  // The proxy rejected it, or what it names is not there; of `diff`: there are differences.
  kRejected = 1,
  // The command line, or a file that it names, is wrong.
  kUsage = 2,
  // The proxy can't be reached, or did not answer in time.
  kUnreachable = 3,
};

// What a command that failed with `status` ends with: INVALID_ARGUMENT is the user's doing, NOT_FOUND, ALREADY_EXISTS
// and FAILED_PRECONDITION the proxy's state's, all others the connection's.
inline ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kDone;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return ExitCode::kRejected;
    default:
      return ExitCode::kUnreachable;
  }
}

}  // namespace fairlead::ctl
