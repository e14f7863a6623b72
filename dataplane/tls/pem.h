#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {

// All certificates, or revocation lists, of a text in PEM: at least one, or `error` says what is wrong. Text around
// them is skipped, as everybody does; other kinds of objects are not.
std::vector<CertificatePtr> ReadCertificates(std::string_view pem, std::string& error);
std::vector<CrlPtr> ReadCrls(std::string_view pem, std::string& error);

time_t TimeOf(const ASN1_TIME* time);
inline time_t NotBefore(const X509& certificate) { return TimeOf(X509_get0_notBefore(&certificate)); }
inline time_t NotAfter(const X509& certificate) { return TimeOf(X509_get0_notAfter(&certificate)); }

}  // namespace fairlead::tls
