#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dataplane/proxy/early_data.h"
#include "dataplane/tls/peer_certificate.h"

namespace fairlead::proxy {

// What a client's TLS handshake has agreed upon, and who the client has shown to be. Made once for a connection.
struct ClientTls {
  const char* version;  // "TLSv1.3"
  const char* cipher;
  bool resumed = false;
  bool http2 = false;                               // chosen by ALPN
  std::string server_name;                          // that the client asked for; empty: none
  std::optional<tls::PeerCertificate> certificate;  // verified
  std::unique_ptr<EarlyData> early = nullptr;       // null: the connection began with the handshake's end
};

}  // namespace fairlead::proxy
