#include "dataplane/tls/failure.h"

#include "absl/strings/str_cat.h"
#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

FailureCause CauseOf(int reason) {
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return FailureCause::kVersion;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_NO_CIPHERS_SPECIFIED:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_WRONG_CURVE:
    case SSL_R_WRONG_SIGNATURE_TYPE:
      return FailureCause::kCipher;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return FailureCause::kProtocol;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
      return FailureCause::kPeerCertificate;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return FailureCause::kClosed;
    default:
      return FailureCause::kMalformed;
  }
}

}  // namespace

std::string TakeErrorText() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(error);
    absl::StrAppend(&text, text.empty() ? "" : "; ", reason != nullptr ? reason : "an unknown error");
  }
  return text;
}

Failure TakeFailure(long verify_result) {
  // The first error is the one that the others follow from.
  const unsigned long error = ERR_peek_error();
  if (error == 0) return {FailureCause::kInternal, "an unknown error"};
  const int reason = ERR_GET_REASON(error);
  Failure failure{FailureCause::kInternal, {}};
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    failure = {FailureCause::kRefusedByPeer,
               absl::StrCat("the peer refused it: ", SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET))};
  } else if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    failure = {FailureCause::kPeerCertificate,
               absl::StrCat("the peer's certificate is refused: ", X509_verify_cert_error_string(verify_result))};
  } else {
    failure.cause = ERR_GET_LIB(error) == ERR_LIB_SSL ? CauseOf(reason) : FailureCause::kInternal;
    const char* text = ERR_reason_error_string(error);
    failure.text = text != nullptr ? text : "an unknown error";
  }
  ERR_clear_error();
  return failure;
}

}  // namespace fairlead::tls
