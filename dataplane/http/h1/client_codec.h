#pragma once

#include <cstdint>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/http/h1/body_decoder.h"
#include "dataplane/http/h1/head_buffer.h"
#include "dataplane/http/h1/response_parser.h"

namespace fairlead::http::h1 {

// The connection to a server, as its codec sees it.
class ClientCodecHost {
 public:
  virtual buffer::Queue& output() = 0;
  virtual buffer::BlockPool& blocks() = 0;
  // Bytes were added to output(), or received ones wait for Continue.
  virtual void Touch() = 0;
  virtual void PauseReceive() = 0;
  virtual void ResumeReceive() = 0;
  // Ends the sending when what is left was sent; receiving goes on.
  virtual void ShutdownAfterOutput() = 0;

 protected:
  ~ClientCodecHost() = default;
};

// HTTP/1.1 toward a server: one exchange at a time. After each, reusable() says whether another may follow on the same
// connection: not where anything is left over on either side, since the next exchange would take it for its own.
class ClientCodec final : public http::ClientStream {
 public:
  // Interim responses that one final response may have in front; a server that sends more is cut off.
  static constexpr int kMaxInformational = 32;

  // `host` outlives the codec.
  explicit ClientCodec(ClientCodecHost* host) : host_(host), parser_(&kLimits) {}

  // Begins an exchange. The codec is idle.
  void Begin(ClientStreamHandler* handler);
  // The handler wants to hear no more; the exchange has not ended. The connection can only be closed.
  void Abandon();
  // Bytes from the server. Those that come between exchanges make the connection useless.
  void Receive(buffer::Slice bytes);
  // The connection's end: orderly (0) or an errno.
  void ReceiveEnd(int error);
  // The exchange failed for a reason that the connection knows.
  void Fail(ServerError error, std::string_view detail);
  void Continue();
  void OnSent();

  bool idle() const { return handler_ == nullptr; }
  // The last exchange ended and left nothing behind.
  bool reusable() const { return state_ == State::kIdle; }
  // A tunnel stands, if only in one direction.
  bool in_tunnel() const { return state_ == State::kTunnel; }
  // And not in the one from the server.
  bool tunnel_ended_by_server() const { return state_ == State::kTunnel && response_ended_; }
  // And in neither.
  bool tunnel_ended() const { return tunnel_ended_by_server() && request_ended_; }

  // http::ClientStream:
  void SendHead(const RequestHead& head, const HeadEdits& edits) override;
  void SendData(buffer::Slice data) override;
  void SendEnd(const FieldList* trailers) override;
  void PauseBody() override;
  void ResumeBody() override;
  size_t unsent_bytes() const override { return host_->output().size(); }

 private:
  enum class State : uint8_t { kIdle, kHead, kBody, kTunnel, kBroken };
  static constexpr HeadLimits kLimits{};
  // Of the request: what is not sent yet stops its source above, and lets it go on below.
  static constexpr size_t kLowWatermark = 16 * 1024;

  void ReceiveHead(buffer::Slice bytes);
  void ReceiveBody(buffer::Slice bytes);
  // Why this head, a 101 or a 2xx to CONNECT, makes no tunnel; null: it does.
  const char* WhyNoTunnel(const ResponseHead& head) const;
  void BeginTunnel(buffer::Slice rest);
  void End(const FieldList* trailers, bool left_over);

  ClientCodecHost* const host_;
  ClientStreamHandler* handler_ = nullptr;
  HeadBuffer head_bytes_;
  buffer::Slice pending_;
  ResponseParser parser_;
  BodyDecoder body_;
  std::string_view upgrade_;  // that the request asks for; the handler's until the head has come
  Method method_ = Method::kGet;
  BodyFraming request_framing_ = BodyFraming::kNone;
  State state_ = State::kIdle;
  uint8_t informational_ = 0;
  bool request_ended_ : 1 = false;
  bool response_ended_ : 1 = false;  // of a tunnel
  bool body_paused_ : 1 = false;
  bool keep_alive_ : 1 = false;
  bool expects_continue_ : 1 = false;
};

}  // namespace fairlead::http::h1
