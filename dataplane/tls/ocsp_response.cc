#include "dataplane/tls/ocsp_response.h"

#include <limits>

#include "dataplane/tls/pem.h"

namespace fairlead::tls {
namespace {

// Whether `id` names that certificate: its serial number and the hash of its issuer's name.
bool Names(OCSP_CERTID* id, const X509& certificate) {
  ASN1_OCTET_STRING* name_hash = nullptr;
  ASN1_OBJECT* algorithm = nullptr;
  ASN1_INTEGER* serial = nullptr;
  OCSP_id_get0_info(&name_hash, &algorithm, nullptr, &serial, id);
  if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(&certificate)) != 0) return false;
  const EVP_MD* digest = EVP_get_digestbyobj(algorithm);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (digest == nullptr || X509_NAME_digest(X509_get_issuer_name(&certificate), digest, hash, &size) != 1) return false;
  const std::string_view expected(reinterpret_cast<const char*>(hash), size);
  return expected == std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name_hash)),
                                      static_cast<size_t>(ASN1_STRING_length(name_hash)));
}

OcspAnswer Read(std::string_view der, const X509& certificate, time_t now) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* const end = at + der.size();
  const OcspPtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (response == nullptr || at != end) return {.fault = "is no OCSP response in DER"};
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return {.fault = "is an OCSP responder's error, not its answer"};
  }
  const OcspBasicPtr basic(OCSP_response_get1_basic(response.get()));
  if (basic == nullptr) return {.fault = "is of a kind of OCSP response that nobody knows"};
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic.get(), i);
    OCSP_CERTID* id = OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(single));
    const bool found = id != nullptr && Names(id, certificate);
    OCSP_CERTID_free(id);
    if (!found) continue;
    ASN1_GENERALIZEDTIME* next_update = nullptr;
    if (OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next_update) != V_OCSP_CERTSTATUS_GOOD) {
      return {.fault = "does not say that the certificate is good"};
    }
    const time_t not_after = next_update == nullptr ? std::numeric_limits<time_t>::max() : TimeOf(next_update);
    if (not_after <= now) return {.fault = "has expired"};
    return {.fault = {}, .not_after = not_after};
  }
  return {.fault = "is not of this certificate"};
}

}  // namespace

OcspAnswer ReadOcspResponse(std::string_view der, const X509& certificate, time_t now) {
  OcspAnswer answer = Read(der, certificate, now);
  ERR_clear_error();
  return answer;
}

}  // namespace fairlead::tls
