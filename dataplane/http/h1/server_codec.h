#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/buffer/slice.h"
#include "dataplane/http/field_list.h"
#include "dataplane/http/h1/body_decoder.h"
#include "dataplane/http/h1/head_buffer.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/server_codec.h"

namespace fairlead::http::h1 {

// HTTP/1.0 and 1.1 toward a client (RFC 9112): one request after another, pipelined ones in their order. Reads no
// further request before the response to the last one is with the output queue.
//
// A connection is kept only where both sides know where the next request starts: not after a malformed request, a
// response that ended before its request, one that only the connection's end can end, or when either side wished to
// close.
class ServerCodec final : public http::ServerCodec, private http::ServerStream {
 public:
  // `host` and `limits` outlive the codec.
  ServerCodec(ServerCodecHost* host, const HeadLimits* limits) : host_(host), parser_(limits) {}

  void Receive(buffer::Slice bytes) override;
  bool ReceiveEnd() override;
  bool EndIdle() override { return false; }
  void ConnectionLost(ClientError error) override;
  void Continue() override;
  void OnSent() override;
  void Drain() override { draining_ = true; }
  bool idle() const override { return state_ == State::kIdle; }
  bool awaiting_response() const override { return state_ == State::kReceived && !head_sent_; }
  bool receiving_head() const override { return state_ == State::kHead || discarding(); }
  bool receiving_body() const override { return state_ == State::kBody && handler_ != nullptr; }
  bool awaiting_body() const override { return receiving_body() && !body_paused_; }
  void RequestTimeout(const char* reason) override;

 private:
  enum class State : uint8_t {
    kIdle,      // between requests
    kHead,      // in a request's head
    kBody,      // in its body
    kReceived,  // it is whole; its response is not
    kTunnel,    // there are no messages any more
    kClosing,   // nothing more is read
  };

  // http::ServerStream:
  void SendInformational(const ResponseHead& head) override;
  void SendHead(const ResponseHead& head, const HeadEdits& edits) override;
  void SendData(buffer::Slice data) override;
  void SendEnd(const FieldList* trailers) override;
  void SendError(uint16_t status, std::string_view detail, const HeadEdits& edits) override;
  void SendFixed(uint16_t status, std::string_view body, const HeadEdits& edits) override;
  size_t ErrorBodySize(uint16_t status, std::string_view detail) const override;
  void EndConnection() override { keep_alive_ = false; }
  void Abort() override;
  void PauseBody() override;
  void ResumeBody() override;
  size_t unsent_bytes() const override { return host_->output().size(); }

  void ReceiveHead(buffer::Slice bytes);
  void ReceiveBody(buffer::Slice bytes);
  // Takes bytes that may not be read yet.
  void Postpone(buffer::Slice bytes);
  // Answers a request that breaks the protocol, if that can be, and ends its stream and the connection.
  void Refuse(uint16_t status, const char* reason);
  void WriteError(uint16_t status, std::string_view detail, bool keep_alive, const FieldEdits* edits);
  // The response is in the output queue: on to the next request, or to the end of the connection.
  void FinishExchange();
  void BeginTunnel();
  void CloseAfterResponse();
  // The response is whole, the request's body is not.
  bool discarding() const { return state_ == State::kBody && handler_ == nullptr; }
  bool WillKeepAlive(uint16_t status) const;

  // What is dropped of a body behind an early answer, to keep the connection.
  static constexpr uint32_t kMaxDiscarded = 256 * 1024;

  ServerCodecHost* const host_;
  ServerStreamHandler* handler_ = nullptr;
  HeadBuffer head_bytes_;
  buffer::Slice pending_;  // received, but not to be read before the stream in front has ended or its body may come
  RequestParser parser_;
  BodyDecoder body_;
  uint32_t discardable_ = 0;
  State state_ = State::kIdle;
  BodyFraming response_framing_ = BodyFraming::kNone;
  Method method_ = Method::kOther;
  uint8_t minor_version_ = 1;
  bool keep_alive_ : 1 = true;
  bool draining_ : 1 = false;
  bool head_sent_ : 1 = false;
  bool body_paused_ : 1 = false;
  bool sending_ended_ : 1 = false;  // of a tunnel
  bool end_due_ : 1 = false;        // of a tunnel whose client had ended before it stood: to be told
  bool held_ : 1 = false;           // idle, but too much of the last responses is still unsent
  bool client_ended_ : 1 = false;
};

}  // namespace fairlead::http::h1
