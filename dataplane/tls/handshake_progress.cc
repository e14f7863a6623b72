#include "dataplane/tls/handshake_progress.h"

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

HandshakeProgress Pending(SSL* tls, int result, const EarlyReading* early) {
  const int error = SSL_get_error(tls, result);
  if (error == SSL_ERROR_WANT_X509_LOOKUP) return HandshakeProgress::kNeedsKey;
  if (error != SSL_ERROR_WANT_READ) return HandshakeProgress::kFailed;
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

bool IsRestCheap(const SSL* tls) {
  if (SSL_session_reused(tls) == 1) return true;
  if (SSL_get_verify_mode(tls) != SSL_VERIFY_NONE) return false;
  // Its own Finished comes right behind its signature with TLS 1.3, and last of all with TLS 1.2.
  char byte;
  return SSL_get_state(tls) == TLS_ST_SW_SRVR_DONE || SSL_get_finished(tls, &byte, sizeof(byte)) > 0;
}

}  // namespace fairlead::tls
