#include "dataplane/tls/peer_certificate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/pem.h"

namespace fairlead::tls {
namespace {

std::string_view TextOf(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(ASN1_STRING_length(string))};
}

std::string AddressText(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() == 4) inet_ntop(AF_INET, bytes.data(), text, sizeof(text));
  if (bytes.size() == 16) inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  return text;
}

std::string NameText(const X509_NAME* name) {
  const BioPtr text(BIO_new(BIO_s_mem()));
  // Without ESC_MSB bytes beyond ASCII are kept: UTF-8 is.
  X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

bool IsReadable(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c >= ' ' && c != 0x7f; });
}

// Empty: none, or several, or none that can be read.
std::string CommonName(const X509& certificate) {
  if (X509_get_ext_by_NID(&certificate, NID_subject_alt_name, -1) >= 0) return {};
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, index) >= 0) return {};
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  ERR_clear_error();
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return IsReadable(name) ? name : std::string();
}

}  // namespace

std::vector<SubjectName> SubjectNames(const X509& certificate) {
  std::vector<SubjectName> names;
  const GeneralNamesPtr all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    SubjectName found{};
    switch (name->type) {
      case GEN_DNS:
        found = {SubjectName::Kind::kDns, absl::AsciiStrToLower(base::ToAbsl(TextOf(name->d.dNSName)))};
        break;
      case GEN_URI:
        found = {SubjectName::Kind::kUri, std::string(TextOf(name->d.uniformResourceIdentifier))};
        break;
      case GEN_EMAIL:
        found = {SubjectName::Kind::kEmail, std::string(TextOf(name->d.rfc822Name))};
        break;
      case GEN_IPADD:
        found = {SubjectName::Kind::kIp, AddressText(TextOf(name->d.iPAddress))};
        break;
      default:
        continue;
    }
    if (IsReadable(found.text)) names.push_back(std::move(found));
  }
  ERR_clear_error();  // of an extension that can't be read
  return names;
}

std::string SubjectText(const X509& certificate) { return NameText(X509_get_subject_name(&certificate)); }

std::string IssuerText(const X509& certificate) { return NameText(X509_get_issuer_name(&certificate)); }

std::string Fingerprint(const X509& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest, &size) != 1) return {};
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

PeerCertificate Describe(const X509& certificate) {
  return {.subject = SubjectText(certificate),
          .names = SubjectNames(certificate),
          .common_name = CommonName(certificate),
          .fingerprint = Fingerprint(certificate)};
}

std::optional<PeerCertificate> DescribePem(std::string_view pem) {
  std::string error;
  const std::vector<CertificatePtr> certificates = ReadCertificates(pem, error);
  if (certificates.empty()) return std::nullopt;
  return Describe(*certificates.front());
}

}  // namespace fairlead::tls
