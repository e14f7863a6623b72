#include "dataplane/tls/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "dataplane/tls/failure.h"
#include "dataplane/tls/ocsp_response.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/peer_certificate.h"
#include "dataplane/tls/pem.h"
#include "dataplane/tls/policy.h"

namespace fairlead::tls {
namespace {

using Part = CertificateFault::Part;
using Faults = std::vector<CertificateFault>;

std::string DateText(time_t time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromTimeT(time), absl::UTCTimeZone());
}

// What a chain's n-th certificate is called in a fault.
std::string Nth(size_t n) { return n == 0 ? "the certificate" : absl::StrCat("certificate ", n + 1, " of the chain"); }

std::vector<CertificatePtr> ReadChain(std::string_view pem, time_t now, Faults& faults) {
  std::string error;
  std::vector<CertificatePtr> chain = ReadCertificates(pem, error);
  if (!error.empty()) {
    faults.push_back({Part::kChain, std::move(error)});
    return {};
  }
  for (size_t i = 0; i < chain.size(); ++i) {
    if (const time_t end = NotAfter(*chain[i]); end <= now) {
      faults.push_back({Part::kChain, absl::StrCat(Nth(i), " expired on ", DateText(end))});
    }
    if (i == 0) continue;
    const bool follows = X509_check_issued(chain[i].get(), chain[i - 1].get()) == X509_V_OK &&
                         X509_verify(chain[i - 1].get(), X509_get0_pubkey(chain[i].get())) == 1;
    ERR_clear_error();
    if (follows) continue;
    faults.push_back({Part::kChain, absl::StrCat(Nth(i), ", of \"", SubjectText(*chain[i]), "\", did not sign ",
                                                 i == 1 ? "it" : "the one before it")});
  }
  return chain;
}

KeyPtr ReadKey(std::string_view pem, Faults& faults) {
  bool encrypted = false;
  const auto refuse_password = [](char*, int, int, void* encrypted) {
    *static_cast<bool*>(encrypted) = true;
    return -1;
  };
  const BioPtr bytes = ReadFrom(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bytes.get(), nullptr, refuse_password, &encrypted));
  ERR_clear_error();
  if (key == nullptr) {
    faults.push_back({Part::kKey, encrypted ? "is encrypted: a key is sent without a password"
                                            : "is no private key in PEM (PKCS #8, PKCS #1 or SEC 1)"});
  }
  return key;
}

// What is wrong with a key of that kind; empty when nothing is.
std::string KeyFault(const EVP_PKEY& key) {
  switch (EVP_PKEY_get_base_id(&key)) {
    case EVP_PKEY_RSA:
      if (const int bits = EVP_PKEY_get_bits(&key); bits < 2048) {
        return absl::StrCat("is of RSA with ", bits, " bits: at least 2048 are needed");
      }
      return {};
    case EVP_PKEY_EC: {
      char group[64] = "";
      EVP_PKEY_get_group_name(&key, group, sizeof(group), nullptr);
      const std::string name = group;
      if (name == "prime256v1" || name == "secp384r1" || name == "secp521r1") return {};
      return absl::StrCat("is of ECDSA on ", name, ": P-256, P-384 and P-521 are known");
    }
    default:
      return "is of another kind than RSA and ECDSA";
  }
}

// What the TLS library refuses of all of it, such as a signature by SHA-1.
std::string LibraryFault(X509* leaf, EVP_PKEY* key, STACK_OF(X509) * chain) {
  const ContextPtr context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_security_level(context.get(), kSecurityLevel);
  if (SSL_CTX_use_cert_and_key(context.get(), leaf, key, chain, 1) == 1) return {};
  return absl::StrCat("is refused: ", TakeErrorText());
}

}  // namespace

std::shared_ptr<const Certificate> Certificate::Parse(const CertificateSource& source, time_t now, Faults& faults) {
  const size_t faults_before = faults.size();
  std::vector<CertificatePtr> all = ReadChain(source.chain, now, faults);
  KeyPtr key = ReadKey(source.key, faults);
  if (key != nullptr) {
    if (std::string fault = KeyFault(*key); !fault.empty()) faults.push_back({Part::kKey, std::move(fault)});
    if (!all.empty() && EVP_PKEY_eq(X509_get0_pubkey(all.front().get()), key.get()) != 1) {
      faults.push_back({Part::kKey, "is not the certificate's"});
    }
    ERR_clear_error();
  }
  OcspAnswer ocsp;
  if (!source.ocsp_response.empty() && !all.empty()) {
    ocsp = ReadOcspResponse(source.ocsp_response, *all.front(), now);
    if (!ocsp.fault.empty()) faults.push_back({Part::kOcspResponse, std::move(ocsp.fault)});
  }
  if (faults.size() != faults_before) return nullptr;

  const std::shared_ptr<Certificate> certificate(new Certificate);
  certificate->not_after_ = std::numeric_limits<time_t>::max();
  for (const CertificatePtr& link : all) {
    certificate->not_after_ = std::min(certificate->not_after_, NotAfter(*link));
  }
  certificate->chain_ = sk_X509_new_null();
  for (size_t i = 1; i < all.size(); ++i) sk_X509_push(certificate->chain_, all[i].release());
  certificate->leaf_ = all.front().release();
  certificate->key_ = key.release();
  if (std::string fault = LibraryFault(certificate->leaf_, certificate->key_, certificate->chain_); !fault.empty()) {
    faults.push_back({Part::kChain, std::move(fault)});
    return nullptr;
  }
  const X509& leaf = *certificate->leaf_;
  certificate->key_kind_ = EVP_PKEY_get_base_id(certificate->key_) == EVP_PKEY_EC ? KeyKind::kEcdsa : KeyKind::kRsa;
  for (SubjectName& name : SubjectNames(leaf)) {
    if (name.kind == SubjectName::Kind::kDns) certificate->dns_names_.push_back(std::move(name.text));
  }
  certificate->subject_ = SubjectText(leaf);
  certificate->issuer_ = IssuerText(leaf);
  certificate->fingerprint_ = Fingerprint(leaf);
  certificate->not_before_ = NotBefore(leaf);
  certificate->ocsp_response_ = source.ocsp_response;
  certificate->ocsp_not_after_ = ocsp.not_after;
  return certificate;
}

Certificate::~Certificate() {
  X509_free(leaf_);
  sk_X509_pop_free(chain_, X509_free);
  EVP_PKEY_free(key_);
}

}  // namespace fairlead::tls
