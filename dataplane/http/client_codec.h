#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/buffer/slice.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"

// The side toward the server: requests in, bytes out; bytes in, responses out. The mirror of server_codec.h.
namespace fairlead::http {

// Why an exchange with a server failed.
enum class ServerError : uint8_t {
  kConnectFailed,         // refused or unreachable: nothing was sent
  kConnectTimeout,        // likewise
  kTlsFailed,             // likewise: the connection stands, but TLS over it does not
  kClosedBeforeResponse,  // the connection ended before a byte of the response came
  kTruncated,             // it ended within the response
  kMalformed,             // the response broke the protocol
  kAbandoned,             // the server left (removed while connecting, or MAINT)
  kNotProcessed,          // HTTP/2: the server promises that it has not begun with the request
  kOtherProtocol,         // the connection speaks HTTP/1.1, and serves another that had waited for it: nothing was sent
  kNoExtendedConnect,     // HTTP/2: the server does not take it (RFC 8441), so nothing was sent
  kReset,                 // HTTP/2: the server reset the stream
};

// What the core hears of one response. After OnResponseEnd and OnServerError nothing comes.
class ClientStreamHandler {
 public:
  // Where the codec puts the head.
  virtual ResponseHead& response_head() = 0;
  // response_head() holds an interim response (1xx).
  virtual void OnInformational() = 0;
  // response_head() is final. OnResponseData, if there is a body, and OnResponseEnd come.
  virtual void OnResponseHead() = 0;
  virtual void OnResponseData(buffer::Slice data) = 0;
  // The response is whole. `trailers` may be null; valid during the call.
  virtual void OnResponseEnd(const FieldList* trailers) = 0;
  virtual void OnServerError(ServerError error, std::string_view detail) = 0;
  // What was not sent of the request fell to the low mark.
  virtual void OnRequestDrained() = 0;

 protected:
  ~ClientStreamHandler() = default;
};

// One request's way in: the core gives it to the codec. At first OnResponse… may come at any time after SendHead.
//
// A response's head with kTunnel makes the stream a tunnel: SendData and OnResponseData carry bytes, SendEnd (which was
// called for the request, and is called once more) and OnResponseEnd are the ends of their directions, without
// trailers.
class ClientStream {
 public:
  // `edits` must name the host of a request that has no authority (HTTP/1.0 alone). Without edits.upgrade no response
  // but one to CONNECT makes a tunnel.
  virtual void SendHead(const RequestHead& head, const HeadEdits& edits) = 0;
  virtual void SendData(buffer::Slice data) = 0;
  virtual void SendEnd(const FieldList* trailers) = 0;
  // Holds the response's body back, and lets it come again.
  virtual void PauseBody() = 0;
  virtual void ResumeBody() = 0;
  // Bytes of the request that are not with the kernel yet.
  virtual size_t unsent_bytes() const = 0;

 protected:
  ~ClientStream() = default;
};

}  // namespace fairlead::http
