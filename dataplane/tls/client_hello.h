#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::tls {

// What a TLS client says first (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2), as far as it tells where the client wants to go:
// for routing what is not decrypted. Bytes in, a name out.
struct ClientHello {
  // The host_name of the server_name extension (RFC 6066 §3) in lower case, without a dot at its end; empty: the client
  // names no server. With Encrypted Client Hello it is the name in front, that of the ClientHello which can be read.
  std::string server_name;
};

struct ClientHelloResult {
  enum class Status : uint8_t { kIncomplete, kDone, kMalformed };
  Status status;
  // With kMalformed: what is wrong.
  const char* error = nullptr;
};

// The most bytes that a ClientHello may take, the headers of its records included.
constexpr size_t kMaxClientHelloSize = 16 * 1024;

// Reads the ClientHello at the beginning of `bytes`, all that have come so far; what follows it is not looked at. It
// may be spread over records in any way. Bytes that can't become one are refused with the first that shows it, or at
// the end of the message. What a server might read otherwise than here is refused: a name that is none, more than one
// name, a list or a message with something behind its end.
//
// Until it is complete a call costs a few instructions, and where there are several records a copy of what has come.
ClientHelloResult ReadClientHello(std::string_view bytes, ClientHello* hello);

}  // namespace fairlead::tls
