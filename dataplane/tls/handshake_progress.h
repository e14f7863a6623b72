#pragma once

#include <cstdint>
#include <string>

struct ssl_st;

namespace fairlead::tls {

// How far a handshake has come by a step.
enum class HandshakeProgress : uint8_t {
  kWaits,     // for the peer
  kEarly,     // likewise, and the client's early data is being taken
  kNeedsKey,  // a server's: what comes next is its private key's work (ServerContext::StopAtKey)
  kDone,
  kFailed,  // OpenSSL's queue of errors says why
};

// Early data (0-RTT, RFC 8446 §2.3) that a server takes before the handshake is done.
struct EarlyReading {
  bool ended = false;  // there was none, or its end has come
  std::string bytes;   // of at most kMaxEarlyDataBytes
};

// What a ticket allows its client to send, and the most that is skipped of what is not taken.
inline constexpr uint32_t kMaxEarlyDataBytes = 16'384;

// Does what can be done of the handshake. `early`: what a server does with early data; null: nothing.
HandshakeProgress Advance(ssl_st* tls, EarlyReading* early);

// Whether what is left of a server's handshake is little: its private key has done its work, or need not do any since
// a session is resumed, and the client is not asked to prove who it is.
bool IsRestCheap(const ssl_st* tls);

}  // namespace fairlead::tls
