#include "dataplane/tls/ephemeral_keys.h"

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

// Leaves an object of its kind without a key.
void Empty(EVP_PKEY* key) {
  const KeyPtr owner(key);
  // Of a kind that has no number it is emptied, too, but refused.
  if (EVP_PKEY_set_type(key, EVP_PKEY_get_id(key)) != 1) ERR_clear_error();
}

}  // namespace

void ForgetEphemeralKeys(SSL* connection) {
  EVP_PKEY* key = nullptr;
  if (SSL_get_peer_tmp_key(connection, &key) == 1) Empty(key);
  if (SSL_get_tmp_key(connection, &key) == 1) Empty(key);
}

}  // namespace fairlead::tls
