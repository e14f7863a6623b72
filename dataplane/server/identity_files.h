#pragma once

#include <ctime>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/tls/server_context.h"

namespace fairlead::server {

// The files by which sockets of the control side prove who this process is, and check who the others are: what they
// hold now, and whether operators have to be told of it. On the control thread.
class IdentityFiles {
 public:
  // Reads them. `flag_prefix`: of the flags that name them, such as "--control_". INVALID_ARGUMENT with the flag: what
  // is no certificate, a key of another, one that is expired.
  static absl::StatusOr<std::unique_ptr<IdentityFiles>> Load(const api::MutualTls& files, std::string flag_prefix,
                                                             time_t now);

  // How servers speak TLS with who connects now: clients without a certificate that the authorities have signed are
  // refused.
  const std::shared_ptr<const tls::ServerContext>& server_context() const { return context_; }

  // Reads them again if they have changed; those that are no good leave what was there before. Returns a line for
  // operators when there is something new to tell: that they were read, that they can't be, that the certificate ends
  // soon, or has ended (once an hour); else nothing. Costs three stat(2).
  std::string Look(time_t now);

  // Certificates are told of when they have less than this left.
  static constexpr time_t kWarnSeconds = 7 * 24 * 3600;
  static constexpr time_t kRemindSeconds = 3600;

 private:
  // What tells whether a file has changed.
  using Stamp = std::string;

  IdentityFiles(const api::MutualTls& files, std::string flag_prefix)
      : files_(files), flag_prefix_(std::move(flag_prefix)) {}

  absl::Status Read(time_t now);
  Stamp StampNow() const;
  std::string Remind(time_t now);

  const api::MutualTls files_;
  const std::string flag_prefix_;
  std::shared_ptr<const tls::ServerContext> context_;
  time_t not_after_ = 0;
  Stamp stamp_;
  time_t remind_next_ = 0;
};

}  // namespace fairlead::server
