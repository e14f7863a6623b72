#include "dataplane/access_log/destination_spec.h"

#include <unistd.h>

#include "dataplane/access_log/file_destination.h"
#include "dataplane/access_log/syslog_destination.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::access_log {

absl::StatusOr<DestinationSpec> DestinationSpec::Parse(std::string_view text) {
  constexpr std::string_view kFilePrefix = "file:";
  constexpr std::string_view kSyslogPrefix = "syslog:";
  DestinationSpec spec;
  if (text == "stdout") return spec;
  if (text == "stderr") {
    spec.kind = Kind::kStderr;
    return spec;
  }
  if (text.starts_with(kFilePrefix) && text.size() > kFilePrefix.size()) {
    spec.kind = Kind::kFile;
    spec.path = text.substr(kFilePrefix.size());
    return spec;
  }
  if (text.starts_with(kSyslogPrefix)) {
    absl::StatusOr<net::Address> address = net::Address::Parse(text.substr(kSyslogPrefix.size()));
    if (!address.ok()) return address.status();
    spec.kind = Kind::kSyslog;
    spec.address = *std::move(address);
    return spec;
  }
  return absl::InvalidArgumentError(
      base::StrCat("want file:PATH, stdout, stderr, syslog:unix:PATH or syslog:IP:PORT, not \"", text, "\""));
}

absl::StatusOr<std::unique_ptr<Destination>> OpenDestination(const DestinationSpec& spec) {
  switch (spec.kind) {
    case DestinationSpec::Kind::kFile:
      return FileDestination::Open(spec.path);
    case DestinationSpec::Kind::kStdout:
      return FileDestination::OpenStream(STDOUT_FILENO);
    case DestinationSpec::Kind::kStderr:
      return FileDestination::OpenStream(STDERR_FILENO);
    case DestinationSpec::Kind::kSyslog:
      return SyslogDestination::Open(spec.address);
  }
  return absl::InternalError("no such destination");
}

}  // namespace fairlead::access_log
