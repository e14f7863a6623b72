#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fairlead::ctl {

// What a command line calls BACKEND/SERVER.
struct ServerName {
  std::string backend;
  std::string server;

  std::string ToString() const { return backend + "/" + server; }
};

// INVALID_ARGUMENT unless it is two ids with a '/' between them (ids have none).
absl::StatusOr<ServerName> ParseServerName(std::string_view text);

}  // namespace fairlead::ctl
