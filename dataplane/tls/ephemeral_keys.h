#pragma once

struct ssl_st;

namespace fairlead::tls {

// Once a handshake is over: what TLS 1.3 has left of its key exchange goes, 0.4 KiB of each connection, and a secret
// that is to be no longer there than it is needed. OpenSSL would keep it until the connection ends.
void ForgetEphemeralKeys(ssl_st* connection);

}  // namespace fairlead::tls
