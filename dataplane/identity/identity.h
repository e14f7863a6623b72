#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "dataplane/tls/sha256.h"

namespace fairlead::identity {

// A name of a certificate that was shown and verified.
struct CertificateName {
  std::string text;
};

// The digest of a secret token.
struct TokenDigest {
  tls::Sha256 sha256;
};

// The user of a process behind a unix socket.
struct UnixUser {
  uint32_t uid;
};

// Somebody, by one thing that only he can prove: api/fairlead/v1/identity.proto.
using Identity = std::variant<CertificateName, TokenDigest, UnixUser>;

}  // namespace fairlead::identity
