#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

struct stack_st_X509_NAME;
struct x509_store_st;

namespace fairlead::tls {

struct TrustFault {
  enum class Part { kRoots, kCrls };
  Part part;
  std::string text;
};

// What the peer's certificate is checked against: certificates that are trusted, of authorities or of the peer itself,
// and lists of what they have revoked. Made by the control side; immutable, and shared by all threads.
class TrustBundle {
 public:
  // `roots` and `crls` in PEM; no `crls`: nothing is held against them. Null with every fault in `faults`.
  static std::shared_ptr<const TrustBundle> Parse(std::string_view roots, std::string_view crls,
                                                  std::vector<TrustFault>& faults);
  // What the system trusts (SSL_CERT_FILE, else Debian's bundle). Reads a file.
  static absl::StatusOr<std::shared_ptr<const TrustBundle>> System();
  ~TrustBundle();
  TrustBundle(const TrustBundle&) = delete;
  TrustBundle& operator=(const TrustBundle&) = delete;

  size_t roots() const { return roots_; }
  // When the first of the lists of what is revoked runs out, in seconds since 1970; INT64_MAX: never.
  int64_t crls_end() const { return crls_end_; }
  // SHA-256 of all that was parsed: bundles that are alike have the same.
  const std::string& digest() const { return digest_; }

  // For this package alone.
  x509_store_st* store() const { return store_; }
  stack_st_X509_NAME* names() const { return names_; }  // of the roots

 private:
  TrustBundle() = default;

  x509_store_st* store_ = nullptr;
  stack_st_X509_NAME* names_ = nullptr;
  size_t roots_ = 0;
  int64_t crls_end_ = INT64_MAX;
  std::string digest_;
};

}  // namespace fairlead::tls
