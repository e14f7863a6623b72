#pragma once

#include <cstdint>

struct ssl_ctx_st;

namespace fairlead::tls {

// Versions and ciphers (https://wiki.mozilla.org/Security/Server_Side_TLS), without those of finite-field
// Diffie-Hellman, whose cost an attacker can put on a server (CVE-2002-20001).
enum class Policy : uint8_t {
  kIntermediate,  // TLS 1.2 and 1.3
  kModern,        // TLS 1.3 alone
};

// 112 bits: no RSA below 2,048 bits, no SHA-1.
inline constexpr int kSecurityLevel = 2;

// What all contexts have in common, and the policy. Whether the library took it.
bool Apply(Policy policy, ssl_ctx_st* context);

}  // namespace fairlead::tls
