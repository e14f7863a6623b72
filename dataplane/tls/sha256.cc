#include "dataplane/tls/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace fairlead::tls {

Sha256 Sha256Of(std::string_view bytes) {
  Sha256 digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

bool SameInConstantTime(const Sha256& a, const Sha256& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace fairlead::tls
