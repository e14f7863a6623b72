#pragma once

#include <string>

#include "dataplane/http/field_list.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/proxy/client_tls.h"

namespace fairlead::proxy {

// Fields that tell servers who a client is, by the certificate that it has shown: X-Client-Cert-Subject,
// X-Client-Cert-SAN, X-Client-Cert-Fingerprint.

// Removes those that the client has sent, also written with '_' for '-', which many servers do not tell apart.
void RemoveClientCertificateFields(const http::FieldList& fields, http::FieldEdits* edits);
// Adds those of `certificate`. `text` keeps a value that the edits refer to.
void AddClientCertificateFields(const tls::PeerCertificate& certificate, std::string* text, http::FieldEdits* edits);

// "DNS:a.example.org, URI:spiffe://…": in names a comma and a space, which would make two of one, are "%2C" and "%20".
void AppendNames(const tls::PeerCertificate& certificate, std::string* text);

}  // namespace fairlead::proxy
