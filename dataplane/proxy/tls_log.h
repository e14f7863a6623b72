#pragma once

#include "dataplane/access_log/entry.h"
#include "dataplane/proxy/client.h"

namespace fairlead::proxy {

// What a line of the access log says of the client's TLS, if it speaks that.
inline void DescribeTls(const Client& client, access_log::Entry* entry) {
  if (client.tls == nullptr) return;
  entry->server_name = client.tls->server_name;
  entry->tls_version = client.tls->version;
  entry->tls_cipher = client.tls->cipher;
  entry->tls_resumed = client.tls->resumed;
  if (client.tls->certificate.has_value()) entry->tls_client_subject = client.tls->certificate->subject;
}

}  // namespace fairlead::proxy
