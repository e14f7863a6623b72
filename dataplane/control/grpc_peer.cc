#include "dataplane/control/grpc_peer.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/tls/peer_certificate.h"
#include "grpc/grpc_security_constants.h"

namespace fairlead::control {
namespace {

std::string_view TextOf(grpc::string_ref text) { return {text.data(), text.size()}; }

}  // namespace

std::string PeerAddress(std::string_view uri) {
  if (!uri.starts_with("ipv4:") && !uri.starts_with("ipv6:")) return "";
  uri.remove_prefix(5);
  return absl::StrReplaceAll(base::ToAbsl(uri), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

std::optional<std::string_view> BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(base::ToAbsl(authorization), base::ToAbsl(kScheme))) return std::nullopt;
  std::string_view token = authorization.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  if (token.empty()) return std::nullopt;
  return token;
}

void AddCertificate(const grpc::AuthContext& context, identity::Peer& peer) {
  // Its names as this house reads them, the same as on its other sockets.
  const std::vector<grpc::string_ref> pem = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (context.IsPeerAuthenticated() && pem.size() == 1) peer.certificate = tls::DescribePem(TextOf(pem.front()));
}

identity::Peer PeerOf(const grpc::CallbackServerContext& context, std::optional<uint32_t> unix_uid) {
  identity::Peer peer;
  peer.source = PeerAddress(context.peer());
  if (peer.source.empty()) peer.source = "unix";
  peer.unix_uid = unix_uid;
  if (const auto authenticated = context.auth_context()) AddCertificate(*authenticated, peer);
  const auto [begin, end] = context.client_metadata().equal_range("authorization");
  // Of several it would be unclear whose word counts.
  if (begin == end || std::next(begin) != end) return peer;
  if (const auto token = BearerToken(TextOf(begin->second))) peer.ShowToken(*token);
  return peer;
}

}  // namespace fairlead::control
