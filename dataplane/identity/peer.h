#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/identity/identity.h"
#include "dataplane/tls/peer_certificate.h"
#include "dataplane/tls/sha256.h"

namespace fairlead::identity {

// Who is at the other end of a connection to the control side: all that the connection has proved. A value.
struct Peer {
  // Where it is, for people: "IP:port" or "unix".
  std::string source;
  // Shown and verified (mTLS).
  std::optional<tls::PeerCertificate> certificate{};
  std::optional<tls::Sha256> token{};
  std::optional<uint32_t> unix_uid{};

  // Who is at the other end of a connected socket, as far as the kernel knows.
  static Peer OfSocket(int fd);

  // It has shown this token. A connection has one at a time.
  void ShowToken(std::string_view text) { token = tls::Sha256Of(text); }

  bool Proves(const Identity& identity) const;
  // Any of them.
  bool ProvesOneOf(std::span<const Identity> identities) const;

  // For messages: `certificate "spiffe://example.org/probe/a"`, `a token`, `unix user 1000`, all of it, or `nobody
  // known`.
  std::string Describe() const;
};

}  // namespace fairlead::identity
