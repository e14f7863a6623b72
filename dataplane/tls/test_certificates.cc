#include "dataplane/tls/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "dataplane/tls/openssl.h"

namespace fairlead::tls::testing {
namespace {

using Key = CertificateRequest::Key;

KeyPtr MakeKey(Key kind) {
  switch (kind) {
    case Key::kRsa1024:
      return KeyPtr(EVP_RSA_gen(1024));
    case Key::kRsa2048:
      return KeyPtr(EVP_RSA_gen(2048));
    case Key::kP256:
      return KeyPtr(EVP_EC_gen("P-256"));
    case Key::kP384:
      return KeyPtr(EVP_EC_gen("P-384"));
    case Key::kP224:
      return KeyPtr(EVP_EC_gen("P-224"));
    case Key::kEd25519:
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  return nullptr;
}

std::string Take(const BioPtr& memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

CertificatePtr ReadCertificate(const std::string& pem) {
  return CertificatePtr(PEM_read_bio_X509(ReadFrom(pem).get(), nullptr, nullptr, nullptr));
}

KeyPtr ReadKey(const std::string& pem) {
  return KeyPtr(PEM_read_bio_PrivateKey(ReadFrom(pem).get(), nullptr, nullptr, nullptr));
}

const EVP_MD* DigestFor(const KeyPtr& key) {
  return EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

void AddExtension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, context, nid, value.c_str());
  if (extension == nullptr) std::abort();
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void SetSubject(X509* certificate, const std::string& subject) {
  X509_NAME* name = X509_get_subject_name(certificate);
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(subject, ','))) {
    const std::pair<std::string, std::string> field = absl::StrSplit(part, absl::MaxSplits('=', 1));
    X509_NAME_add_entry_by_txt(name, field.first.c_str(), MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(field.second.data()),
                               static_cast<int>(field.second.size()), -1, 0);
  }
}

}  // namespace

Issued Issue(const CertificateRequest& request, const Issued* issuer) {
  const KeyPtr key = MakeKey(request.key);
  const CertificatePtr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), request.begins_in);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), request.ends_in);
  X509_set_pubkey(certificate.get(), key.get());
  SetSubject(certificate.get(), request.subject);

  const CertificatePtr issuer_certificate = issuer == nullptr ? nullptr : ReadCertificate(issuer->certificate);
  X509* const by = issuer == nullptr ? certificate.get() : issuer_certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(by));
  X509V3_CTX context;
  X509V3_set_ctx(&context, by, certificate.get(), nullptr, nullptr, 0);
  AddExtension(certificate.get(), &context, NID_basic_constraints, request.authority ? "critical,CA:TRUE" : "CA:FALSE");
  AddExtension(certificate.get(), &context, NID_subject_key_identifier, "hash");
  if (request.authority) {
    AddExtension(certificate.get(), &context, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else if (!request.names.empty()) {
    AddExtension(certificate.get(), &context, NID_subject_alt_name, absl::StrJoin(request.names, ","));
  }
  const KeyPtr issuer_key = issuer == nullptr ? nullptr : ReadKey(issuer->key);
  const KeyPtr& signing_key = issuer == nullptr ? key : issuer_key;
  if (X509_sign(certificate.get(), signing_key.get(), DigestFor(signing_key)) == 0) std::abort();

  Issued issued;
  const BioPtr certificate_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  issued.certificate = Take(certificate_text);
  const BioPtr key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  issued.key = Take(key_text);
  return issued;
}

Issued IssueAuthority(const std::string& subject) { return Issue({.subject = subject, .authority = true}); }

std::string IssueCrl(const Issued& issuer, const std::vector<Issued>& revoked) {
  const CertificatePtr issuer_certificate = ReadCertificate(issuer.certificate);
  const CrlPtr list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer_certificate.get()));
  const AsnTimePtr before(X509_gmtime_adj(nullptr, -3600));
  const AsnTimePtr after(X509_gmtime_adj(nullptr, 24 * 3600));
  X509_CRL_set1_lastUpdate(list.get(), before.get());
  X509_CRL_set1_nextUpdate(list.get(), after.get());
  for (const Issued& one : revoked) {
    const CertificatePtr certificate = ReadCertificate(one.certificate);
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
    X509_REVOKED_set_revocationDate(entry, before.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  const KeyPtr key = ReadKey(issuer.key);
  X509_CRL_sign(list.get(), key.get(), DigestFor(key));
  const BioPtr text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(text.get(), list.get());
  return Take(text);
}

std::string IssueOcspResponse(const Issued& issuer, const Issued& subject, bool good, time_t ends_in) {
  const CertificatePtr issuer_certificate = ReadCertificate(issuer.certificate);
  const CertificatePtr certificate = ReadCertificate(subject.certificate);
  const KeyPtr key = ReadKey(issuer.key);
  const OcspBasicPtr basic(OCSP_BASICRESP_new());
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), certificate.get(), issuer_certificate.get());
  const AsnTimePtr before(X509_gmtime_adj(nullptr, -3600));
  const AsnTimePtr after(X509_gmtime_adj(nullptr, ends_in));
  OCSP_basic_add1_status(basic.get(), id, good ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_REVOKED, 0,
                         good ? nullptr : before.get(), before.get(), after.get());
  OCSP_CERTID_free(id);
  OCSP_basic_sign(basic.get(), issuer_certificate.get(), key.get(), EVP_sha256(), nullptr, 0);
  const OcspPtr response(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &der);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace fairlead::tls::testing
