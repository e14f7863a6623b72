#include "dataplane/tls/handshake_progress.h"

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

HandshakeProgress Pending(SSL* tls, int result, const EarlyReading* early) {
  if (SSL_get_error(tls, result) != SSL_ERROR_WANT_READ) return HandshakeProgress::kFailed;
  const bool taken = early != nullptr && SSL_get_early_data_status(tls) == SSL_EARLY_DATA_ACCEPTED;
  return taken ? HandshakeProgress::kEarly : HandshakeProgress::kWaits;
}

}  // namespace

HandshakeProgress Advance(SSL* tls, EarlyReading* early) {
  while (early != nullptr && !early->ended) {
    char bytes[4'096];
    size_t size = 0;
    const int result = SSL_read_early_data(tls, bytes, sizeof(bytes), &size);
    if (result == SSL_READ_EARLY_DATA_ERROR) return Pending(tls, 0, early);
    early->ended = result == SSL_READ_EARLY_DATA_FINISH;
    early->bytes.append(bytes, size);
  }
  const int result = SSL_do_handshake(tls);
  return result == 1 ? HandshakeProgress::kDone : Pending(tls, result, early);
}

}  // namespace fairlead::tls
