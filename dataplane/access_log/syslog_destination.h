#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "dataplane/access_log/destination.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/net/address.h"

namespace fairlead::access_log {

// A syslog server: a datagram for each line, facility local0, severity info. Over UDP as RFC 5424 has it; over a unix
// socket as local servers expect it and syslog(3) writes it, in the older form of RFC 3164 without the host's name.
class SyslogDestination final : public Destination {
 public:
  // Errors: no descriptors left. A unix socket where nobody listens is tried again with each Write.
  static absl::StatusOr<std::unique_ptr<Destination>> Open(const net::Address& address);

  Result Write(std::string_view lines) override;
  absl::Status Reopen() override { return absl::OkStatus(); }
  int fd() const override { return fd_.get(); }

 private:
  explicit SyslogDestination(const net::Address& address);
  // 0 or errno.
  int Connect();
  int Send(std::string_view header, std::string_view line);
  std::string Header() const;

  const net::Address address_;
  const pid_t pid_;
  const std::string host_;
  base::UniqueFd fd_;
  std::string datagram_;  // being sent; keeps its room
};

}  // namespace fairlead::access_log
