#pragma once

#include <cstdint>
#include <string>

namespace fairlead::tls {

// Why a connection failed, as metrics tell it apart.
enum class FailureCause : uint8_t {
  kClosed,           // the peer, or the network, ended it
  kMalformed,        // what came is no TLS, or was changed on its way
  kVersion,          // no version of the protocol that both sides speak
  kCipher,           // no cipher, group or signature that both sides know
  kProtocol,         // no protocol of the application (ALPN) that both sides speak
  kPeerCertificate,  // the peer showed no certificate, or a bad one
  kRefusedByPeer,    // it sent an alert
  kInternal,         // anything else
};
inline constexpr int kFailureCauses = 8;

struct Failure {
  FailureCause cause;
  std::string text;  // for people
};

// What OpenSSL's queue of errors, which is empty afterwards, says of the step that has just failed. `verify_result`: of
// the peer's certificate, X509_V_OK where it was not looked at.
Failure TakeFailure(long verify_result);
// The queue's errors as a text; the queue is empty afterwards.
std::string TakeErrorText();

}  // namespace fairlead::tls
