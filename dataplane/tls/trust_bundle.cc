#include "dataplane/tls/trust_bundle.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/pem.h"

namespace fairlead::tls {
namespace {

std::string Digest(std::string_view roots, std::string_view crls) {
  // The lengths keep what moves from one to the other apart.
  const std::string all = base::StrCat(roots.size(), " ", crls.size(), " ", roots, crls);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), digest, &size, EVP_sha256(), nullptr);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

int64_t EndOf(const X509_CRL& list) {
  std::tm parts{};
  const ASN1_TIME* const end = X509_CRL_get0_nextUpdate(&list);
  return end != nullptr && ASN1_TIME_to_tm(end, &parts) == 1 ? timegm(&parts) : INT64_MAX;
}

}  // namespace

std::shared_ptr<const TrustBundle> TrustBundle::Parse(std::string_view roots, std::string_view crls,
                                                      std::vector<TrustFault>& faults) {
  const size_t faults_before = faults.size();
  std::string roots_error;
  std::string crls_error;
  const std::vector<CertificatePtr> certificates = ReadCertificates(roots, roots_error);
  const std::vector<CrlPtr> lists = crls.empty() ? std::vector<CrlPtr>() : ReadCrls(crls, crls_error);
  if (!roots_error.empty()) faults.push_back({TrustFault::Part::kRoots, std::move(roots_error)});
  if (!crls_error.empty()) faults.push_back({TrustFault::Part::kCrls, std::move(crls_error)});
  if (faults.size() != faults_before) return nullptr;

  const std::shared_ptr<TrustBundle> bundle(new TrustBundle);
  bundle->store_ = X509_STORE_new();
  bundle->names_ = sk_X509_NAME_new_null();
  for (const CertificatePtr& certificate : certificates) {
    X509_STORE_add_cert(bundle->store_, certificate.get());
    sk_X509_NAME_push(bundle->names_, X509_NAME_dup(X509_get_subject_name(certificate.get())));
  }
  for (const CrlPtr& list : lists) {
    X509_STORE_add_crl(bundle->store_, list.get());
    bundle->crls_end_ = std::min(bundle->crls_end_, EndOf(*list));
  }
  // Whoever lists an authority that another has signed means that one.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  if (!lists.empty()) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  X509_STORE_set_flags(bundle->store_, flags);
  bundle->roots_ = certificates.size();
  bundle->digest_ = Digest(roots, crls);
  return bundle;
}

absl::StatusOr<std::shared_ptr<const TrustBundle>> TrustBundle::System() {
  const char* path = std::getenv("SSL_CERT_FILE");
  if (path == nullptr) path = "/etc/ssl/certs/ca-certificates.crt";
  std::ifstream file(path, std::ios::binary);
  const std::string pem{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (pem.empty()) return absl::NotFoundError(absl::StrCat("the system's roots: no certificates in ", path));
  std::vector<TrustFault> faults;
  std::shared_ptr<const TrustBundle> bundle = Parse(pem, {}, faults);
  if (bundle == nullptr) return absl::NotFoundError(absl::StrCat("the system's roots: ", path, " ", faults[0].text));
  return bundle;
}

TrustBundle::~TrustBundle() {
  X509_STORE_free(store_);
  sk_X509_NAME_pop_free(names_, X509_NAME_free);
}

}  // namespace fairlead::tls
