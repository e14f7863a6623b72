#include "dataplane/proxy/reason.h"

namespace fairlead::proxy {

std::string_view ToString(DecidedBy who) {
  switch (who) {
    case DecidedBy::kServer:
      return "server";
    case DecidedBy::kProxy:
      return "proxy";
    case DecidedBy::kClient:
      return "client";
  }
  return {};
}

std::string_view ToString(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kMalformedRequest:
      return "malformed_request";
    case Reason::kUriTooLong:
      return "uri_too_long";
    case Reason::kHeaderTooLarge:
      return "header_too_large";
    case Reason::kHeaderTimeout:
      return "header_timeout";
    case Reason::kBodyTooLarge:
      return "body_too_large";
    case Reason::kConnectRefused:
      return "connect_refused";
    case Reason::kListenerRemoved:
      return "listener_removed";
    case Reason::kNoVirtualHost:
      return "no_virtual_host";
    case Reason::kNoRoute:
      return "no_route";
    case Reason::kNoEligibleServer:
      return "no_eligible_server";
    case Reason::kServersAtLimit:
      return "servers_at_limit";
    case Reason::kQueueTimeout:
      return "queue_timeout";
    case Reason::kNoDescriptors:
      return "no_descriptors";
    case Reason::kBuffersFull:
      return "buffers_full";
    case Reason::kConnectFailed:
      return "connect_failed";
    case Reason::kTlsFailed:
      return "tls_failed";
    case Reason::kConnectTimeout:
      return "connect_timeout";
    case Reason::kServerClosed:
      return "server_closed";
    case Reason::kResponseMalformed:
      return "response_malformed";
    case Reason::kResponseTruncated:
      return "response_truncated";
    case Reason::kServerRefused:
      return "server_refused";
    case Reason::kServerReset:
      return "server_reset";
    case Reason::kServerAbandoned:
      return "server_abandoned";
    case Reason::kResponseTimeout:
      return "response_timeout";
    case Reason::kGrpcDeadline:
      return "grpc_deadline";
    case Reason::kRequestStalled:
      return "request_stalled";
    case Reason::kIdleTimeout:
      return "idle_timeout";
    case Reason::kShutdown:
      return "shutdown";
    case Reason::kTunnelIdleTimeout:
      return "tunnel_idle_timeout";
    case Reason::kRequestBodyTimeout:
      return "request_body_timeout";
    case Reason::kReaderTimeout:
      return "reader_timeout";
    case Reason::kClientTooSlow:
      return "client_too_slow";
    case Reason::kClientDisconnected:
      return "client_disconnected";
    case Reason::kConnectionReset:
      return "connection_reset";
    case Reason::kClientHelloMalformed:
      return "client_hello_malformed";
    case Reason::kClientHelloTimeout:
      return "client_hello_timeout";
    case Reason::kNoSniRoute:
      return "no_sni_route";
  }
  return "";
}

Reason ReasonOfRefusal(uint16_t status) {
  switch (status) {
    case 408:
      return Reason::kHeaderTimeout;
    case 414:
      return Reason::kUriTooLong;
    case 431:
      return Reason::kHeaderTooLarge;
    default:
      return Reason::kMalformedRequest;
  }
}

Reason ReasonOf(http::ClientError error) {
  switch (error) {
    case http::ClientError::kDisconnected:
      return Reason::kClientDisconnected;
    case http::ClientError::kMalformed:
      return Reason::kMalformedRequest;
    case http::ClientError::kTooSlow:
      return Reason::kClientTooSlow;
    case http::ClientError::kShutdown:
      return Reason::kShutdown;
  }
  return Reason::kNone;
}

Reason ReasonOf(http::ServerError error) {
  switch (error) {
    case http::ServerError::kConnectFailed:
      return Reason::kConnectFailed;
    case http::ServerError::kTlsFailed:
      return Reason::kTlsFailed;
    case http::ServerError::kConnectTimeout:
      return Reason::kConnectTimeout;
    case http::ServerError::kClosedBeforeResponse:
      return Reason::kServerClosed;
    case http::ServerError::kTruncated:
      return Reason::kResponseTruncated;
    case http::ServerError::kMalformed:
    case http::ServerError::kNoExtendedConnect:
      return Reason::kResponseMalformed;
    case http::ServerError::kNotProcessed:
    case http::ServerError::kOtherProtocol:
      return Reason::kServerRefused;
    case http::ServerError::kReset:
      return Reason::kServerReset;
    case http::ServerError::kAbandoned:
      return Reason::kServerAbandoned;
  }
  return Reason::kNone;
}

}  // namespace fairlead::proxy
