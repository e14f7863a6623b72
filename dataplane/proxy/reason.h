#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/client_codec.h"
#include "dataplane/http/server_codec.h"

namespace fairlead::proxy {

// Who decided what a client got.
enum class DecidedBy : uint8_t {
  kServer,  // it answered; with a reason: it broke its answer off
  kProxy,   // it answered itself, or cut a response short
  kClient,  // it left before its response was whole
};

// Why a request did not get the whole response of a server. Each is a name in access logs (docs/ACCESS_LOG.md).
enum class Reason : uint8_t {
  kNone,  // it did, or got what its rule answers
  // The request was refused.
  kMalformedRequest,  // 400 and others: it broke the protocol
  kUriTooLong,        // 414
  kHeaderTooLarge,    // 431: its bytes or the number of its fields
  kHeaderTimeout,     // 408
  kBodyTooLarge,      // 413
  // No server was asked.
  kConnectRefused,    // 405: no rule allows CONNECT to this host
  kListenerRemoved,   // 503
  kNoVirtualHost,     // 404
  kNoRoute,           // 404
  kNoEligibleServer,  // 503
  kServersAtLimit,    // 503: those that are eligible, and no more may wait
  kQueueTimeout,      // 503: it waited for one of them for as long as it may
  kNoDescriptors,     // 503: the proxy's own are exhausted
  kBuffersFull,       // 503: --max_buffer_bytes
  // A server failed.
  kConnectFailed,      // 502: refused, unreachable
  kConnectTimeout,     // 504
  kTlsFailed,          // 502: its certificate was no good, or the handshake failed otherwise
  kServerClosed,       // 502: before a byte of its response
  kResponseMalformed,  // 502, or cut short
  kResponseTruncated,  // 502, or cut short
  kServerRefused,      // 502: before it began with the request (HTTP/2)
  kServerReset,        // 502, or cut short: it reset the stream (HTTP/2)
  kServerAbandoned,    // 502, or cut short: it was taken out of service
  kResponseTimeout,    // 504
  kGrpcDeadline,       // 504, or cut short: the call took longer than its grpc-timeout
  kRequestStalled,     // 504: the server did not take the request's body
  kIdleTimeout,        // cut short: the response did not go on
  kTunnelIdleTimeout,  // cut: no byte came through a tunnel
  kShutdown,           // cut, or not answered: the proxy ended
  // The client failed.
  kRequestBodyTimeout,  // 408: the request's body did not go on
  kReaderTimeout,       // cut short: the client did not take the response
  kClientTooSlow,       // cut short: it took the response below the lowest rate
  kClientDisconnected,
  // Of TCP connections.
  kConnectionReset,       // one side broke it off, and so was the other
  kClientHelloMalformed,  // it was to begin with one of TLS, for sni_routes
  kClientHelloTimeout,
  kNoSniRoute,
};

// "server", …
std::string_view ToString(DecidedBy who);
// "malformed_request", …; empty for kNone.
std::string_view ToString(Reason reason);

// Of a request that the codec refused, answering it with `status`.
Reason ReasonOfRefusal(uint16_t status);
// Of a client's stream that ended early. Why one is malformed ReasonOfRefusal tells.
Reason ReasonOf(http::ClientError error);
// Of what a server did.
Reason ReasonOf(http::ServerError error);

}  // namespace fairlead::proxy
