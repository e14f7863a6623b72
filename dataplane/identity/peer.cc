#include "dataplane/identity/peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/net/address.h"
#include "dataplane/net/unix_peer.h"

namespace fairlead::identity {
namespace {

// DNS names are the same in capitals (RFC 4343); all others are compared as they are.
bool Has(const tls::PeerCertificate& certificate, std::string_view name) {
  if (!certificate.common_name.empty() && certificate.common_name == name) return true;
  return std::ranges::any_of(certificate.names, [&](const tls::SubjectName& has) {
    return has.kind == tls::SubjectName::Kind::kDns ? absl::EqualsIgnoreCase(base::ToAbsl(has.text), base::ToAbsl(name))
                                                    : has.text == name;
  });
}

struct Prover {
  const Peer& peer;

  bool operator()(const CertificateName& name) const { return peer.certificate && Has(*peer.certificate, name.text); }
  bool operator()(const TokenDigest& token) const {
    return peer.token && tls::SameInConstantTime(*peer.token, token.sha256);
  }
  bool operator()(const UnixUser& user) const { return peer.unix_uid == user.uid; }
};

}  // namespace

Peer Peer::OfSocket(int fd) {
  Peer peer;
  peer.unix_uid = net::UnixPeerUid(fd);
  sockaddr_storage storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  socklen_t length = sizeof(storage);
  std::optional<net::Address> source;
  if (getpeername(fd, address, &length) == 0) source = net::Address::FromSockaddr(address, length);
  if (source.has_value()) peer.source = source->family() == AF_UNIX ? "unix" : source->ToString();
  return peer;
}

bool Peer::Proves(const Identity& identity) const { return std::visit(Prover{*this}, identity); }

bool Peer::ProvesOneOf(std::span<const Identity> identities) const {
  return std::ranges::any_of(identities, [this](const Identity& identity) { return Proves(identity); });
}

std::string Peer::Describe() const {
  std::vector<std::string> proofs;
  if (certificate) {
    const std::string_view name = !certificate->names.empty()         ? certificate->names.front().text
                                  : !certificate->common_name.empty() ? certificate->common_name
                                                                      : certificate->subject;
    proofs.push_back(base::StrCat("certificate \"", name, "\""));
  }
  if (token) proofs.emplace_back("a token");
  if (unix_uid) proofs.push_back(base::StrCat("unix user ", *unix_uid));
  return proofs.empty() ? "nobody known" : absl::StrJoin(proofs, ", ");
}

}  // namespace fairlead::identity
