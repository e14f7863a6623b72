#include "dataplane/control/control_address.h"

#include "absl/status/status.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/net/reach.h"

namespace fairlead::control {
namespace {

constexpr std::string_view kLocalhost = "localhost:";

}  // namespace

absl::StatusOr<net::Address> ParseControlAddress(std::string_view text, bool has_mutual_tls) {
  const bool is_localhost = text.substr(0, kLocalhost.size()) == kLocalhost;
  absl::StatusOr<net::Address> address = net::Address::Parse(
      is_localhost ? base::StrCat("127.0.0.1:", text.substr(kLocalhost.size())) : std::string(text));
  if (!address.ok() || has_mutual_tls || net::IsOfThisMachine(*address)) return address;
  return absl::InvalidArgumentError(
      base::StrCat(text,
                   ": beyond loopback, control needs mTLS: give --control_ca, --control_cert and --control_key, "
                   "or use 127.0.0.1 or unix:PATH"));
}

std::string ToGrpcTarget(const net::Address& address) {
  if (address.family() == AF_UNIX) return address.ToString();
  return base::StrCat(address.family() == AF_INET ? "ipv4:" : "ipv6:", address.ToString());
}

}  // namespace fairlead::control
