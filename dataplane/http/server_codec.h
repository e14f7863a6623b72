#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/connection_limit.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"
#include "dataplane/http/request_limit.h"

// The side toward the client: bytes in, requests out; responses in, bytes out. A codec does no I/O: its connection
// feeds it and sends its output. The proxy core sees streams alone, whatever the protocol version beneath.
//
// Everything belongs to one connection of one worker and is called on that worker's thread.
namespace fairlead::http {

// Why a stream ended early, as its handler hears it.
enum class ClientError : uint8_t {
  kDisconnected,  // the connection ended, or was reset
  kMalformed,     // the request's body broke its framing; the codec answers, if an answer was not begun
  kTooSlow,       // the proxy cuts the connection: the client takes the response too slowly
  kShutdown,      // likewise: the proxy ends
};

// One request's way out: the core gives the response to the codec. Lives within the codec, from
// ServerCodecHost::OnStreamBegin until the handler has heard OnStreamError or has called SendEnd, SendError, SendFixed
// or Abort.
//
// SendHead with kTunnel makes the stream a tunnel (RFC 9110 §7.8, §9.3.6), which a request without a body left may
// become: OnRequestData and SendData carry bytes, OnRequestEnd and SendEnd are the ends of their directions, without
// trailers, and with the later of both the stream ends.
class ServerStream {
 public:
  // An interim response (1xx). Not sent to clients that cannot take one.
  virtual void SendInformational(const ResponseHead& head) = 0;
  // The final response's head. `head.framing` says how the body ends; kNone: nothing follows but SendEnd.
  virtual void SendHead(const ResponseHead& head, const HeadEdits& edits) = 0;
  virtual void SendData(buffer::Slice data) = 0;
  // The response is whole. `trailers` may be null, and are dropped where the client can't take them.
  virtual void SendEnd(const FieldList* trailers) = 0;
  // In place of a response: one that the proxy makes itself, of one line of text, with the fields that `edits` bring.
  // No head was sent.
  virtual void SendError(uint16_t status, std::string_view detail, const HeadEdits& edits) = 0;
  // In place of a response: a fixed one, with the fields that `edits` bring, its Content-Type among them. To HEAD and
  // with 204 and 304 no body is sent (RFC 9110 §6.4.1). No head was sent.
  virtual void SendFixed(uint16_t status, std::string_view body, const HeadEdits& edits) = 0;
  // The bytes of the body that SendError sends.
  virtual size_t ErrorBodySize(uint16_t status, std::string_view detail) const = 0;
  // The response is the connection's last. Before its head, which says so.
  virtual void EndConnection() = 0;
  // Breaks the response off, so that the client can't take it for a whole one.
  virtual void Abort() = 0;
  // Holds the request's body back, and lets it come again. It may come at first.
  virtual void PauseBody() = 0;
  virtual void ResumeBody() = 0;
  // Bytes of the response that are not with the kernel yet.
  virtual size_t unsent_bytes() const = 0;

 protected:
  ~ServerStream() = default;
};

// What the core hears of one request. After OnStreamError, and after the calls that end the stream, nothing comes.
class ServerStreamHandler {
 public:
  // Where the codec puts the head, from OnStreamBegin on; it calls SetBase.
  virtual RequestHead& request_head() = 0;
  // The head is complete. `body_follows`: OnRequestData and OnRequestEnd come.
  virtual void OnRequestHead(bool body_follows) = 0;
  virtual void OnRequestData(buffer::Slice data) = 0;
  // The body is whole. `trailers` may be null; valid during the call.
  virtual void OnRequestEnd(const FieldList* trailers) = 0;
  // The request breaks the protocol or a limit: the codec answers it with `status`, or, where a response has begun, not
  // at all (0). `reason` is static text. OnStreamError(kMalformed) follows.
  virtual void OnRefused(uint16_t status, const char* reason) = 0;
  virtual void OnStreamError(ClientError error) = 0;
  // unsent_bytes fell to ServerCodecHost::kLowWatermark or below.
  virtual void OnResponseDrained() = 0;
  // The client closed its side after the whole request. It may still read the response (RFC 9112 §9.6).
  virtual void OnClientEnd() {}

 protected:
  ~ServerStreamHandler() = default;
};

// The connection, as its codec sees it.
class ServerCodecHost {
 public:
  // A handler that has taken more than the high mark of unsent bytes stops its source until the low mark is reached.
  static constexpr size_t kHighWatermark = 64 * 1024;
  static constexpr size_t kLowWatermark = 16 * 1024;

  // The first byte of a request has come: who takes care of it? Never null; lives until the stream ends.
  virtual ServerStreamHandler* OnStreamBegin(ServerStream* stream) = 0;
  // A request was refused by the codec itself, for its form or for a limit, and answered with `status`.
  virtual void OnRequestRefused(uint16_t status, const char* reason, RequestLimit limit) = 0;
  // A limit of the connection, or of one of its streams beyond its request's head, was reached.
  virtual void OnConnectionLimit(ConnectionLimit limit) = 0;
  // A final response was answered by its head.
  virtual void OnResponse(uint16_t status) = 0;

  // Ends the sending when what is left was sent; receiving goes on.
  virtual void ShutdownAfterOutput() = 0;

  // Bytes to send. Their sending starts after the running callback, once Touch was called.
  virtual buffer::Queue& output() = 0;
  virtual buffer::BlockPool& blocks() = 0;
  virtual void Touch() = 0;

  virtual void PauseReceive() = 0;
  virtual void ResumeReceive() = 0;
  // Sends what is left and closes; reads and drops for a while what the client still sends, so that it gets to read the
  // answer.
  virtual void CloseAfterOutput() = 0;
  // Closes with a reset.
  virtual void CloseNow() = 0;

  // The loop's time.
  virtual uint64_t now_ms() const = 0;
  // Now, as an IMF-fixdate (RFC 9110 §5.6.7).
  virtual std::string_view date() = 0;

 protected:
  ~ServerCodecHost() = default;
};

// A protocol version's codec for one connection, owned by it.
//
// Where a connection has one request at a time, what it waits for is the connection's business, which asks for it here.
// Where it has many, their times are the codec's: it is then `idle`, `receiving_head` (the client's side of the
// handshake) or neither.
class ServerCodec {
 public:
  virtual ~ServerCodec() = default;

  virtual void Receive(buffer::Slice bytes) = 0;
  // The client will send no more. True: the connection is still needed, for responses that are under way.
  virtual bool ReceiveEnd() = 0;
  // The connection waited for a request for too long. True: it says so, and the connection closes after its output.
  virtual bool EndIdle() = 0;
  // The connection is broken, or will be cut: ends all streams, which hear why.
  virtual void ConnectionLost(ClientError error) = 0;
  // Goes on with what had to wait for the end of the callback that ended a stream. Called from the connection's turn
  // work.
  virtual void Continue() = 0;
  // Bytes were sent; output() has shrunk.
  virtual void OnSent() = 0;
  // No further requests: the client is told with the next response. Responses under way are finished.
  virtual void Drain() = 0;

  // No request has begun. Should one be waiting, the client has to read responses first.
  virtual bool idle() const = 0;
  // A request's head has begun but is not complete, or the rest of a request that was answered early still comes.
  virtual bool receiving_head() const = 0;
  // A request is whole, and nothing of its response has come.
  virtual bool awaiting_response() const = 0;
  // A request's body has not ended.
  virtual bool receiving_body() const = 0;
  // Likewise, and its handler wants it: what is missing is the client's to send.
  virtual bool awaiting_body() const = 0;
  // A request's head or body takes too long: answers 408 where no response has begun, and closes.
  virtual void RequestTimeout(const char* reason) = 0;
};

}  // namespace fairlead::http
