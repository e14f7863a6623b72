#include "dataplane/control/grpc_peer.h"

#include "absl/strings/str_replace.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

std::string PeerAddress(std::string_view uri) {
  if (!uri.starts_with("ipv4:") && !uri.starts_with("ipv6:")) return "";
  uri.remove_prefix(5);
  return absl::StrReplaceAll(base::ToAbsl(uri), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

}  // namespace fairlead::control
