#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;

namespace fairlead::tls {

// A name of a certificate (RFC 5280 §4.2.1.6), as text.
struct SubjectName {
  enum class Kind : uint8_t { kDns, kUri, kEmail, kIp };
  Kind kind;
  std::string text;
};

// Who is at the other end: what of the peer's certificate, which was verified, others ask for.
struct PeerCertificate {
  std::string subject;  // RFC 2253
  std::vector<SubjectName> names;
  // Of a certificate without alternative names, which would make it void (RFC 6125 §6.4.4), with exactly one of these.
  std::string common_name;
  std::string fingerprint;  // SHA-256, in hexadecimal digits
};

PeerCertificate Describe(const x509_st& certificate);
// The first certificate of a text in PEM; none where there is none.
std::optional<PeerCertificate> DescribePem(std::string_view pem);
// The subject alternative names; other kinds than the above are left out, as are names with control characters.
std::vector<SubjectName> SubjectNames(const x509_st& certificate);
// As RFC 2253 writes it, in UTF-8.
std::string SubjectText(const x509_st& certificate);
std::string IssuerText(const x509_st& certificate);
std::string Fingerprint(const x509_st& certificate);

}  // namespace fairlead::tls
