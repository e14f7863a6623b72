#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

namespace fairlead::tls {

struct CertificateSource {
  std::string_view chain;          // PEM: the certificate first, then those that signed it
  std::string_view key;            // PEM
  std::string_view ocsp_response;  // DER; empty: none
};

struct CertificateFault {
  enum class Part { kChain, kKey, kOcspResponse };
  Part part;
  std::string text;
};

// A certificate with its chain and key, by which a server or a client shows who it is. Made by the control side;
// immutable, and shared by all threads.
class Certificate {
 public:
  enum class KeyKind : uint8_t { kRsa, kEcdsa };

  // Null with every fault in `faults`, for which `now` is the time.
  static std::shared_ptr<const Certificate> Parse(const CertificateSource& source, time_t now,
                                                  std::vector<CertificateFault>& faults);
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  KeyKind key_kind() const { return key_kind_; }
  // In lower case, those with a wildcard too.
  const std::vector<std::string>& dns_names() const { return dns_names_; }
  const std::string& subject() const { return subject_; }
  const std::string& issuer() const { return issuer_; }
  const std::string& fingerprint() const { return fingerprint_; }  // SHA-256, hexadecimal
  time_t not_before() const { return not_before_; }
  // The earliest end in the chain.
  time_t not_after() const { return not_after_; }
  // Empty: none.
  const std::string& ocsp_response() const { return ocsp_response_; }
  time_t ocsp_not_after() const { return ocsp_not_after_; }

  // For this package alone.
  x509_st* leaf() const { return leaf_; }
  stack_st_X509* chain() const { return chain_; }  // without the leaf
  evp_pkey_st* key() const { return key_; }

 private:
  Certificate() = default;

  x509_st* leaf_ = nullptr;
  stack_st_X509* chain_ = nullptr;
  evp_pkey_st* key_ = nullptr;
  KeyKind key_kind_ = KeyKind::kRsa;
  std::vector<std::string> dns_names_;
  std::string subject_;
  std::string issuer_;
  std::string fingerprint_;
  time_t not_before_ = 0;
  time_t not_after_ = 0;
  std::string ocsp_response_;
  time_t ocsp_not_after_ = 0;
};

}  // namespace fairlead::tls
