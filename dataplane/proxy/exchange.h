#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/buffer/slice.h"
#include "dataplane/config/route_table.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/http/message.h"
#include "dataplane/http/server_codec.h"
#include "dataplane/proxy/buffer_reservation.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/early_body.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/exchange_metrics.h"
#include "dataplane/proxy/exchange_timeouts.h"
#include "dataplane/proxy/grpc_call.h"
#include "dataplane/proxy/head_editor.h"
#include "dataplane/proxy/kept_body.h"
#include "dataplane/proxy/request_record.h"
#include "dataplane/proxy/server_attempts.h"
#include "dataplane/proxy/stored_fields.h"
#include "dataplane/upstream/channel.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::proxy {

// One request and its response: pairs a downstream with an upstream stream and carries the one's events to the other.
// Routed, balanced and answered by one revision, which it holds until it ends; where it has to be sent again after a
// newer one was adopted, it is routed anew, so that it never sees a mix of two.
//
// Taken from the worker's ExchangePool with the first byte of a request, and back there when it is done; on the
// worker's thread alone. Holds two lists of fields that keep their room, so that a request allocates nothing once warm.
class Exchange final : public http::ServerStreamHandler,
                       private upstream::ConnectionUser,
                       private upstream::Waiter,
                       private event::TurnWorker {
 public:
  explicit Exchange(Environment* environment);

  // A request of `client`, which outlives it, begins on `stream`.
  void Begin(http::ServerStream* stream, const Client* client);

 private:
  // http::ServerStreamHandler:
  http::RequestHead& request_head() override { return request_; }
  void OnRequestHead(bool body_follows) override;
  void OnRequestData(buffer::Slice data) override;
  void OnRequestEnd(const http::FieldList* trailers) override;
  void OnRefused(uint16_t status, const char* reason) override;
  void OnStreamError(http::ClientError error) override;
  void OnResponseDrained() override;
  void OnClientEnd() override;

  // upstream::ConnectionUser:
  http::ResponseHead& response_head() override { return response_; }
  void OnConnected(upstream::Channel* channel) override;
  bool needs_http1() const override { return attempts_.needs_http1(); }
  std::string MakePreamble() override;
  void OnInformational() override;
  void OnResponseHead() override;
  void OnResponseData(buffer::Slice data) override;
  void OnResponseEnd(const http::FieldList* trailers) override;
  void OnServerError(http::ServerError error, std::string_view detail) override;
  void OnRequestDrained() override;

  // upstream::Waiter:
  void OnAdmitted(const upstream::Choice& choice) override;
  void OnRevision() override { Route(); }
  void OnQueueTimeout() override;

  // event::TurnWorker:
  void RunTurnWork() override;

  // Where the request is a call of gRPC: holds its deadline.
  void BeginCall();
  // Whether the call is made again, in place of passing its answer on.
  bool RetryCall();
  void OnDeadline();
  // Whether it waits for the end of its connection's TLS handshake.
  bool AwaitHandshake();
  // By the listener's rules. False: it was refused.
  bool NormalizePath();
  // Finds a rule by the worker's current revision, and goes by it.
  void Route();
  void GoByRule();
  // Whether an extended CONNECT asks for what the rule does not allow, or could answer only by what would be taken for
  // it.
  bool AllowsExtendedConnect() const;
  // A rule without backends: redirects, or gives its fixed answer.
  void AnswerByRule();
  // Asks the backend for a server.
  void StartAttempt();
  // Connections to the backend's servers begin with a PROXY header, and serve one request.
  bool sends_proxy_header() const { return backend_->send_proxy_protocol != config::ProxyProtocol::kNone; }
  // The response's head was a tunnel's.
  void BeginTunnel();
  // Bytes that may wait for one side before the other is held back.
  size_t HighWatermark() const;

  // Times, by timer_: that for the response's head, once the request has ended, or that without a byte, from now.
  void WatchResponse();
  void WatchIdle();
  uint64_t IdleTimeoutMs() const;
  void OnTimeout();
  // Which time is over. Null: none, and timer_ runs on.
  const ExchangeTimeout* FindTimeout();
  void GiveUp(const ExchangeTimeout& timeout);

  void RefuseForMemory();
  void RefuseBody();
  void Reply(uint16_t status, Reason reason, std::string_view detail);
  // The same as a status of gRPC.
  void ReplyToCall(uint16_t status, Reason reason, std::string_view detail);
  // Breaks the response off.
  void Cut(DecidedBy who, Reason reason, std::string_view detail);
  // The client is given a final response's head.
  void CountResponse(uint16_t status);
  // All is known of it, and its head can still be read, for the last time: called once, before the stream ends.
  void Conclude();
  void Log();
  void Finish();

  Environment* const environment_;
  http::ServerStream* downstream_ = nullptr;
  const Client* client_ = nullptr;
  SnapshotPin* pin_ = nullptr;
  const config::RouteRule* rule_ = nullptr;
  const config::BackendSettings* backend_ = nullptr;
  ServerAttempts attempts_;
  http::RequestHead request_;
  http::ResponseHead response_;
  HeadEditor head_editor_;
  EarlyBody early_body_;
  KeptBody kept_body_;
  std::unique_ptr<GrpcCall> call_;  // made with the first; in use while is_call_
  ExchangeMetrics metrics_;
  RequestRecord record_;
  std::unique_ptr<StoredFields> logged_fields_;  // of the response, where some are logged
  event::Timer timer_;
  uint64_t last_activity_ms_ = 0;
  uint64_t max_body_bytes_ = UINT64_MAX;  // by the rule
  BufferReservation reservation_;
  bool request_ended_ : 1 = false;
  bool body_sent_ : 1 = false;
  bool response_begun_ : 1 = false;
  bool response_ended_ : 1 = false;
  bool tunnel_ : 1 = false;  // request_ended_ and response_ended_ are those of its directions
  bool idle_watch_due_ : 1 = false;
  bool is_call_ : 1 = false;  // of gRPC
  bool counted_ : 1 = false;
  bool awaits_handshake_ : 1 = false;
  bool finished_ : 1 = false;
};

}  // namespace fairlead::proxy
