#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/buffer/queue.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/http/server_codec.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/client_connection.h"
#include "dataplane/proxy/client_watch.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/http2_watch.h"
#include "dataplane/proxy/listener_state.h"

namespace fairlead::proxy {

// One client's connection: feeds its codec, sends the codec's output, keeps the times. Made when the connection is
// accepted, destroys itself when it is closed; on its worker's thread alone. Idle, it holds no buffers.
//
// With HTTP/1 its phase is that of its one request. With HTTP/2 it only knows whether there are requests; their own
// times are looked after by the codec (Http2Watch).
class DownstreamConnection final : public ClientConnection,
                                   private event::SocketHandler,
                                   private http::ServerCodecHost {
 public:
  // What is spoken: as ALPN chose, or as the first bytes say (RFC 9113 §3.3) where there is no TLS.
  enum class Protocol : uint8_t { kDetect, kHttp1, kHttp2 };

  // Takes over the client's socket, from which `begin` was received already.
  DownstreamConnection(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin,
                       Protocol protocol);

  // Its listener drains: it ends with the response that is under way or, idle, soon.
  void Drain() override;
  // Closes without waiting for anything.
  void Kill() override;

 private:
  // What the connection waits for, which decides how long it may.
  enum class Phase : uint8_t {
    kHead,       // a head; on a new connection also its first byte
    kIdle,       // the next request, or the client's reading of what came before it
    kExchange,   // its exchange, which keeps its own time
    kFlushing,   // the client's reading of the last response
    kLingering,  // the client's end, after ours
    kClosed,
  };
  // How long a client may take to close after us (RFC 9112 §9.6), and an idle one to send a request that it may have
  // begun to send when its listener began to drain.
  static constexpr uint64_t kLingerMs = 2000;
  static constexpr uint64_t kDrainIdleMs = 1000;
  // How long a server may take to begin its answer to a client that has closed its side: most have left for good, but
  // some close after their last request and still read (RFC 9112 §9.6).
  static constexpr uint64_t kHalfClosedMs = 5000;

  ~DownstreamConnection() = default;

  // event::SocketHandler:
  void OnConnected(int error) override;
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t sent, int error) override;

  // event::TurnWorker:
  void RunTurnWork() override;

  // http::ServerCodecHost:
  http::ServerStreamHandler* OnStreamBegin(http::ServerStream* stream) override;
  void OnRequestRefused(uint16_t status, const char* reason, http::RequestLimit limit) override;
  void OnConnectionLimit(http::ConnectionLimit limit) override;
  void OnResponse(uint16_t status) override;
  buffer::Queue& output() override { return output_; }
  buffer::BlockPool& blocks() override { return environment_->loop->blocks(); }
  void Touch() override { environment_->turn_work->Add(this); }
  void PauseReceive() override;
  void ResumeReceive() override;
  void ShutdownAfterOutput() override;
  void CloseAfterOutput() override;
  void CloseNow() override;
  uint64_t now_ms() const override { return environment_->loop->now_ms(); }
  std::string_view date() override { return environment_->date->Get(environment_->loop->now_ms()); }

  // The first bytes: gives what is known of them to the codec that they ask for.
  void Detect(buffer::Slice bytes);
  void StartHttp2();
  // Looks after the times of an HTTP/2 connection.
  void CheckHttp2();
  // Null: HTTP/1.
  Http2Watch* http2() const { return is_http2_ ? &static_cast<WatchedServerCodec*>(codec_.get())->watch() : nullptr; }
  void Flush();
  // Enters the phase that the codec's state calls for.
  void UpdatePhase();
  void Enter(Phase phase, uint64_t timeout_ms);
  // How long the next request, or the reading of the last response, may take.
  uint64_t IdleTimeoutMs() const;
  // How long the client may take nothing of what is left to be sent.
  uint64_t FlushTimeoutMs() const;
  void OnTimeout();
  // Looks whether the client keeps to its listener's times and rates.
  void CheckClient();
  void Close(bool reset);

  Environment* const environment_;
  Client client_;
  event::Socket* socket_;
  std::unique_ptr<http::ServerCodec> codec_;
  std::unique_ptr<ClientWatch> watch_;  // null most of the time
  buffer::Queue output_;
  // Where a phase has moved deadline_ms_ on since it was set, it is set again when it expires: so that a request costs
  // no work on timers.
  event::Timer timer_;
  uint64_t deadline_ms_ = 0;
  Phase phase_ = Phase::kHead;
  bool sending_ : 1 = false;
  bool closing_ : 1 = false;
  bool client_ended_ : 1 = false;
  bool had_request_ : 1 = false;
  bool shutdown_due_ : 1 = false;  // with the end of output_
  bool is_http2_ : 1 = false;      // codec_ is a WatchedServerCodec
  bool detecting_ : 1 = false;
  uint8_t preface_bytes_ : 2 = 0;  // received while detecting_: they were HTTP/2's, and may still be a method's
};

}  // namespace fairlead::proxy
