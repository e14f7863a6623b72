#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "dataplane/access_log/destination.h"
#include "dataplane/net/address.h"

namespace fairlead::access_log {

// Where the access log goes, as an operator names it: "file:PATH", "stdout", "stderr", "syslog:unix:PATH",
// "syslog:IP:PORT".
struct DestinationSpec {
  enum class Kind { kFile, kStdout, kStderr, kSyslog };

  // Errors: INVALID_ARGUMENT with what would be right.
  static absl::StatusOr<DestinationSpec> Parse(std::string_view text);

  Kind kind = Kind::kStdout;
  std::string path;      // of kFile
  net::Address address;  // of kSyslog
};

// Errors: what the system says.
absl::StatusOr<std::unique_ptr<Destination>> OpenDestination(const DestinationSpec& spec);

}  // namespace fairlead::access_log
