#pragma once

#include <ctime>
#include <string>
#include <vector>

namespace fairlead::tls::testing {

// What a certificate for tests says; the defaults are a good one of a server.
struct CertificateRequest {
  std::string subject = "CN=test";
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};  // as OpenSSL's configuration writes them
  enum class Key { kRsa1024, kRsa2048, kP256, kP384, kP224, kEd25519 } key = Key::kP256;
  bool authority = false;
  time_t begins_in = -3600;  // seconds from now
  time_t ends_in = 30L * 24 * 3600;
};

// A certificate in PEM with its key, and what is needed to sign others.
struct Issued {
  std::string certificate;
  std::string key;
};

// Signed by `issuer`, or by itself where there is none.
Issued Issue(const CertificateRequest& request, const Issued* issuer = nullptr);
Issued IssueAuthority(const std::string& subject = "CN=Test CA");
// A revocation list of `issuer`, in PEM, with the serial numbers of `revoked`.
std::string IssueCrl(const Issued& issuer, const std::vector<Issued>& revoked);
// What an OCSP responder run by `issuer` says of `subject`, in DER. `good` or revoked; of use for `ends_in` seconds.
std::string IssueOcspResponse(const Issued& issuer, const Issued& subject, bool good = true, time_t ends_in = 3600);

}  // namespace fairlead::tls::testing
