#include "dataplane/proxy/exchange.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "dataplane/http/h1/upgrade.h"
#include "dataplane/proxy/early_data.h"
#include "dataplane/proxy/exchange_pool.h"
#include "dataplane/proxy/hash_key.h"
#include "dataplane/proxy/request_log.h"
#include "dataplane/proxy/sent_proxy_header.h"
#include "dataplane/routing/router.h"

namespace fairlead::proxy {
namespace {

using Mark = RequestTimes::Mark;

// What Host says where the client, of HTTP/1.0, named none.
std::string DefaultHost(const net::Address& address) {
  return address.family() == AF_UNIX ? "localhost" : address.ToString();
}

// Null: the listener was removed, and its route table with it.
const routing::Router* FindRouter(const config::Snapshot& snapshot, const config::HttpSettings& settings) {
  if (settings.route_table >= snapshot.route_tables.size()) return nullptr;
  const routing::Router* router = snapshot.route_tables[settings.route_table].get();
  return router != nullptr && router->table().id == settings.route_table_id ? router : nullptr;
}

}  // namespace

Exchange::Exchange(Environment* environment)
    : environment_(environment), timer_([](void* self) { static_cast<Exchange*>(self)->OnTimeout(); }, this) {}

void Exchange::Begin(http::ServerStream* stream, const Client* client) {
  downstream_ = stream;
  client_ = client;
  head_editor_.Start(client);
  record_.Start(client->listener->wants_times);
  rule_ = nullptr;
  backend_ = nullptr;
  attempts_.Start();
  request_ended_ = body_sent_ = response_begun_ = response_ended_ = tunnel_ = false;
  idle_watch_due_ = is_call_ = counted_ = awaits_handshake_ = finished_ = false;
}

void Exchange::OnRequestHead(bool body_follows) {
  request_ended_ = !body_follows;
  record_.times.Take(Mark::kHead);
  if (request_ended_) record_.times.Copy(Mark::kRequestEnd, Mark::kHead);
  counted_ = true;
  environment_->counters->requests.Increment();
  environment_->counters->requests_active.Increment();
  metrics_.Begin(client_->listener->own_counters, environment_->loop->now_us());
  if (request_.http2 && grpc::IsCall(request_)) BeginCall();
  if (environment_->loop->blocks().tight()) return RefuseForMemory();
  reservation_.Begin(environment_->loop->blocks());
  if (client_->listener->http.path_normalization.any() && !NormalizePath()) return;
  if (AwaitHandshake()) return;
  Route();
}

bool Exchange::AwaitHandshake() {
  EarlyData* const early = client_->early_data();
  if (early == nullptr) return false;
  if (!EarlyData::Holds(request_)) {
    record_.early_data = true;
    return false;
  }
  awaits_handshake_ = true;
  early->Wait(this, [](void* self) {
    static_cast<Exchange*>(self)->awaits_handshake_ = false;
    static_cast<Exchange*>(self)->Route();
  });
  return true;
}

void Exchange::BeginCall() {
  is_call_ = true;
  if (call_ == nullptr) {
    call_ = std::make_unique<GrpcCall>(
        environment_->loop, [](void* self) { static_cast<Exchange*>(self)->OnDeadline(); }, this);
  }
  call_->Begin(request_);
}

bool Exchange::NormalizePath() {
  const char* refusal = head_editor_.NormalizePath(client_->listener->http.path_normalization, &request_);
  if (refusal == nullptr) return true;
  environment_->counters->request_errors.Increment();
  Reply(400, Reason::kMalformedRequest, refusal);
  return false;
}

void Exchange::Route() {
  metrics_.LeaveRule();
  // Nothing of the revision that is let go of may be told any more.
  rule_ = nullptr;
  backend_ = nullptr;
  record_.table = nullptr;
  record_.host = nullptr;
  attempts_.ForgetServers();
  if (pin_ != nullptr) environment_->snapshots->Unpin(pin_);
  pin_ = environment_->snapshots->Pin();

  const routing::Router* router = FindRouter(*pin_->snapshot, client_->listener->http);
  if (router == nullptr) return Reply(503, Reason::kListenerRemoved, "this listener was removed");
  const routing::RouteResult route = router->Match({.authority = request_.Get(request_.authority),
                                                    .path = request_.path(),
                                                    .query = request_.query(),
                                                    .method = request_.method,
                                                    .method_text = request_.Get(request_.method_text),
                                                    .fields = &request_.fields,
                                                    .source = &head_editor_.ClientAddress(request_),
                                                    .client_certificate = client_->certificate()});
  record_.table = &router->table();
  record_.host = route.host;
  if (route.rule == nullptr) {
    if (request_.method == http::Method::kConnect) {
      return Reply(405, Reason::kConnectRefused, "no route for CONNECT to this host");
    }
    environment_->counters->no_route.Increment();
    if (route.host == nullptr) return Reply(404, Reason::kNoVirtualHost, "no virtual host for this name");
    return Reply(404, Reason::kNoRoute, "no route for this request");
  }
  rule_ = route.rule;
  GoByRule();
}

void Exchange::GoByRule() {
  metrics_.EnterRule(&rule_->counters->of_worker(environment_->worker_index));
  max_body_bytes_ = rule_->max_body_bytes.value_or(client_->listener->http.max_body_bytes);
  if (request_.content_length > max_body_bytes_ || record_.request_body_bytes > max_body_bytes_) return RefuseBody();
  if (request_.extended_connect && !AllowsExtendedConnect()) {
    return Reply(501, Reason::kConnectRefused, "the route does not change to this protocol");
  }
  if (rule_->backends.empty()) return AnswerByRule();
  if (rule_->rewrite != nullptr && !head_editor_.Rewrite(*rule_->rewrite, request_)) {
    environment_->counters->max_uri_bytes.Increment();
    return Reply(414, Reason::kUriTooLong, "the rewritten target is longer than any server takes");
  }
  const config::BackendSlot backend_slot = rule_->backends.size() == 1
                                               ? rule_->backends.front().backend
                                               : routing::ChooseBackend(*rule_, environment_->random->Next());
  backend_ = pin_->snapshot->backends[backend_slot]->settings.get();
  std::optional<uint64_t> hash;
  if (!backend_->hash_keys.empty()) [[unlikely]]
    hash = HashOfRequest(backend_->hash_keys, request_, head_editor_.ClientAddress(request_));
  attempts_.set_backend(backend_slot, hash);
  const bool may_be_refused = backend_->protocol != config::BackendProtocol::kHttp1;
  if (may_be_refused && !body_sent_ && !environment_->loop->blocks().lean()) kept_body_.Begin();
  StartAttempt();
}

bool Exchange::AllowsExtendedConnect() const {
  if (rule_->redirect != nullptr) return true;
  if (rule_->respond != nullptr) return rule_->respond->status / 100 != 2;
  return !http::h1::FindUpgrade(request_.fields, rule_->upgrades).empty();
}

void Exchange::AnswerByRule() {
  const http::HeadEdits* edits = head_editor_.EditAnswer(request_, *rule_, *environment_->random);
  if (edits == nullptr) {
    return Reply(400, Reason::kMalformedRequest, "the request names no host that the redirect could be for");
  }
  uint16_t status;
  std::string_view body;
  if (rule_->redirect != nullptr) {
    status = rule_->redirect->status;
  } else {
    status = rule_->respond->status;
    body = rule_->respond->body;
  }
  CountResponse(status);
  if (!http::NeverHasBody(request_.method, status)) record_.response_body_bytes = body.size();
  record_.Decide(DecidedBy::kProxy, Reason::kNone, {});
  Conclude();
  downstream_->SendFixed(status, body, *edits);
  Finish();
}

void Exchange::StartAttempt() {
  const upstream::Admission admission = attempts_.Ask(*environment_, this, /*fresh=*/sends_proxy_header());
  switch (admission.outcome) {
    case upstream::Admission::Outcome::kAdmitted:
      return OnAdmitted(admission.choice);
    case upstream::Admission::Outcome::kWaiting:
      return;
    case upstream::Admission::Outcome::kNoEligibleServer:
      return Reply(503, Reason::kNoEligibleServer,
                   absl::StrCat("no eligible server in backend \"", backend_->id, "\""));
    case upstream::Admission::Outcome::kNoRoom:
      return Reply(503, Reason::kServersAtLimit,
                   absl::StrCat("all servers of backend \"", backend_->id, "\" are at their limits",
                                backend_->queue_length > 0 ? ", and its queue is full" : ""));
  }
}

void Exchange::OnQueueTimeout() {
  Reply(503, Reason::kQueueTimeout,
        absl::StrCat("no server of backend \"", backend_->id, "\" had room before the queue's timeout"));
}

void Exchange::OnClientEnd() {
  if (!waiting()) return;
  // It has left, almost always; one that still reads is told.
  environment_->counters->client_aborts.Increment();
  record_.Decide(DecidedBy::kClient, Reason::kClientDisconnected, "while the request waited for a server");
  Reply(503, Reason::kClientDisconnected, "the client closed its side while its request waited for a server");
}

void Exchange::OnAdmitted(const upstream::Choice& choice) {
  record_.times.TakeFirst(Mark::kServer);
  metrics_.BeginAttempt(environment_->loop->now_us());
  if (!attempts_.Begin(*environment_, choice, this)) {
    return Reply(503, Reason::kNoDescriptors, "the proxy has no descriptors left");
  }
  if (!attempts_.connection()->connecting()) OnConnected(attempts_.connection());
}

std::string Exchange::MakePreamble() { return MakeProxyHeader(backend_->send_proxy_protocol, *client_); }

void Exchange::OnConnected(upstream::Channel* channel) {
  attempts_.SetConnected(channel);
  record_.times.Take(Mark::kConnected);
  if (sends_proxy_header() && !attempts_.connection()->has_begun()) attempts_.connection()->BeginWith(MakePreamble());
  http::ClientStream& stream = attempts_.connection()->stream();
  std::string default_host;
  if (request_.authority.size == 0) default_host = DefaultHost(attempts_.server()->address());
  const std::string grpc_timeout = is_call_ ? call_->TimeLeft() : std::string();
  stream.SendHead(request_,
                  head_editor_.EditRequest(request_, *rule_, default_host, grpc_timeout, *environment_->random));
  kept_body_.SendTo(stream);  // what an attempt before has sent
  if (!early_body_.empty()) {
    body_sent_ = true;
    early_body_.SendTo(stream, &kept_body_);
  }
  if (request_ended_) {
    stream.SendEnd(early_body_.trailers());
    WatchResponse();
  } else {
    downstream_->ResumeBody();
    WatchIdle();
  }
}

void Exchange::OnRequestData(buffer::Slice data) {
  record_.request_body_bytes += data.size();
  if (record_.request_body_bytes > max_body_bytes_) return RefuseBody();
  if (!attempts_.connected()) {
    early_body_.Append(std::move(data));
    if (early_body_.size() >= HighWatermark()) downstream_->PauseBody();
    return;
  }
  last_activity_ms_ = environment_->loop->now_ms();
  body_sent_ = true;
  kept_body_.Add(data);
  attempts_.connection()->stream().SendData(std::move(data));
  if (attempts_.connection()->stream().unsent_bytes() >= HighWatermark()) downstream_->PauseBody();
}

void Exchange::OnRequestEnd(const http::FieldList* trailers) {
  request_ended_ = true;
  record_.times.Take(Mark::kRequestEnd);
  if (!attempts_.connected()) {
    if (trailers != nullptr) early_body_.StoreTrailers(*trailers);
    return;
  }
  if (trailers != nullptr) {
    body_sent_ = true;
    kept_body_.Clear();  // they are not kept
  }
  attempts_.connection()->stream().SendEnd(trailers);
  if (tunnel_ && response_ended_) {
    Conclude();
    return Finish();
  }
  if (!response_begun_) WatchResponse();
}

void Exchange::OnRequestDrained() {
  last_activity_ms_ = environment_->loop->now_ms();
  const http::ClientStream& stream = attempts_.connection()->stream();
  if (environment_->loop->blocks().lean() && stream.unsent_bytes() > 0) return;  // it comes again
  downstream_->ResumeBody();
}

void Exchange::OnRefused(uint16_t status, const char* reason) {
  const bool in_body = counted_ && status == 408;
  record_.Decide(DecidedBy::kProxy, in_body ? Reason::kRequestBodyTimeout : ReasonOfRefusal(status), reason);
  if (status == 0) return;
  CountResponse(status);
  record_.response_body_bytes = downstream_->ErrorBodySize(status, reason);
}

void Exchange::OnStreamError(http::ClientError error) {
  if (counted_ && error == http::ClientError::kDisconnected) {
    environment_->counters->client_aborts.Increment();
    metrics_.CountClientAbort();
  }
  record_.Decide(error == http::ClientError::kDisconnected ? DecidedBy::kClient : DecidedBy::kProxy, ReasonOf(error),
                 {});
  Conclude();
  Finish();
}

void Exchange::OnInformational() { downstream_->SendInformational(response_); }

bool Exchange::RetryCall() {
  if ((body_sent_ && !kept_body_.whole()) || !call_->TakeRetry(*rule_->grpc_retry, response_)) return false;
  environment_->loop->timers().Cancel(&timer_);
  attempts_.server()->CountResponse(response_.status, metrics_.AttemptTime(environment_->loop->now_us()));
  attempts_.TryAnother();
  environment_->turn_work->Add(this);
  return true;
}

void Exchange::OnResponseHead() {
  if (request_.extended_connect) {
    if (const char* reason = head_editor_.WhyNoTunnel(request_, response_)) {
      metrics_.CountFailure();
      return Reply(502, Reason::kResponseMalformed, reason);
    }
  }
  if (is_call_ && rule_->grpc_retry != nullptr && RetryCall()) return;
  kept_body_.Clear();
  reservation_.End(environment_->loop->blocks());
  response_begun_ = true;
  record_.times.Take(Mark::kResponseHead);
  const config::AccessLog* log = client_->listener->access_log.get();
  if (log != nullptr && !log->response_headers.empty()) {
    if (logged_fields_ == nullptr) logged_fields_ = std::make_unique<StoredFields>();
    StoreLoggedFields(*log, response_.fields, logged_fields_.get());
  }
  if (response_.framing != http::BodyFraming::kNone) {
    idle_watch_due_ = true;  // unless the whole body is here already
    environment_->turn_work->Add(this);
  }
  attempts_.server()->CountResponse(response_.status, metrics_.AttemptTime(environment_->loop->now_us()));
  CountResponse(response_.status);
  if (response_.framing == http::BodyFraming::kTunnel) BeginTunnel();
  downstream_->SendHead(response_, head_editor_.EditResponse(request_, *rule_, response_, *environment_->random));
}

void Exchange::BeginTunnel() {
  tunnel_ = true;
  request_ended_ = false;
  max_body_bytes_ = UINT64_MAX;  // what comes now is no body
  environment_->counters->tunnels.Increment();
  environment_->counters->tunnels_active.Increment();
}

void Exchange::OnResponseData(buffer::Slice data) {
  last_activity_ms_ = environment_->loop->now_ms();
  record_.response_body_bytes += data.size();
  downstream_->SendData(std::move(data));
  if (downstream_->unsent_bytes() >= HighWatermark()) attempts_.connection()->stream().PauseBody();
}

void Exchange::OnResponseDrained() {
  last_activity_ms_ = environment_->loop->now_ms();
  if (environment_->loop->blocks().lean() && downstream_->unsent_bytes() > 0) return;  // it comes again
  if (attempts_.connection() != nullptr && attempts_.connected()) attempts_.connection()->stream().ResumeBody();
}

void Exchange::OnResponseEnd(const http::FieldList* trailers) {
  response_ended_ = true;
  if (tunnel_ && !request_ended_) return downstream_->SendEnd(nullptr);  // the client may go on
  Conclude();
  downstream_->SendEnd(trailers);
  Finish();
}

void Exchange::OnServerError(http::ServerError error, std::string_view detail) {
  attempts_.LoseConnection();
  environment_->loop->timers().Cancel(&timer_);
  const bool was_untouched =
      error == http::ServerError::kNotProcessed || error == http::ServerError::kNoExtendedConnect;
  const bool may_be_sent_again =
      !response_begun_ && (!body_sent_ || kept_body_.whole()) && (was_untouched || http::IsIdempotent(request_.method));
  if (attempts_.Fail(*environment_, error, may_be_sent_again)) return environment_->turn_work->Add(this);
  metrics_.CountFailure();
  if (response_begun_) return Cut(DecidedBy::kServer, ReasonOf(error), detail);
  Reply(error == http::ServerError::kConnectTimeout ? 504 : 502, ReasonOf(error), detail);
}

void Exchange::RunTurnWork() {
  if (finished_) return environment_->exchanges->Return(this);
  if (idle_watch_due_) {
    idle_watch_due_ = false;
    WatchIdle();
  }
  if (!attempts_.TakeRetry()) return;
  if (pin_ == environment_->snapshots->current()) return StartAttempt();
  Route();
}

void Exchange::WatchResponse() {
  environment_->loop->timers().Schedule(
      &timer_, (rule_->timeout.has_value() ? *rule_->timeout : backend_->response_timeout).count());
}

void Exchange::WatchIdle() {
  last_activity_ms_ = environment_->loop->now_ms();
  environment_->loop->timers().Schedule(&timer_, IdleTimeoutMs());
}

uint64_t Exchange::IdleTimeoutMs() const {
  if (tunnel_) return backend_->tunnel_idle_timeout.count();
  return (rule_->idle_timeout.has_value() ? *rule_->idle_timeout : backend_->idle_timeout).count();
}

void Exchange::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  if (const ExchangeTimeout* timeout = FindTimeout()) GiveUp(*timeout);
}

void Exchange::OnDeadline() {
  event::TurnScope scope(environment_->turn_work);
  if (!response_begun_ || response_.framing != http::BodyFraming::kStreamed) return GiveUp(kGrpcDeadline);
  // Messages have lengths of their own: one that is cut by this can't be taken for a whole one.
  (environment_->counters->*kGrpcDeadline.counter).Increment();
  record_.Decide(DecidedBy::kProxy, kGrpcDeadline.reason, kGrpcDeadline.detail);
  Conclude();
  const grpc::StatusTrailers trailers(grpc::Status::kDeadlineExceeded, kGrpcDeadline.detail);
  downstream_->SendEnd(&trailers.list());
  Finish();
}

void Exchange::GiveUp(const ExchangeTimeout& timeout) {
  (environment_->counters->*timeout.counter).Increment();
  if (timeout.blames_server) {
    environment_->counters->upstream_timeouts.Increment();
    attempts_.server()->CountTimeout();
    metrics_.CountFailure();
  }
  if (response_begun_) return Cut(DecidedBy::kProxy, timeout.reason, timeout.detail);
  Reply(timeout.status, timeout.reason, timeout.detail);
}

const ExchangeTimeout* Exchange::FindTimeout() {
  if (request_ended_ && !response_begun_) return &kResponseTimeout;
  const uint64_t idle_timeout_ms = IdleTimeoutMs();
  const uint64_t idle_ms = environment_->loop->now_ms() - last_activity_ms_;
  if (idle_ms < idle_timeout_ms) {
    environment_->loop->timers().Schedule(&timer_, idle_timeout_ms - idle_ms);
    return nullptr;
  }
  if (tunnel_) return &kTunnelIdleTimeout;
  if (response_begun_) return downstream_->unsent_bytes() > 0 ? &kReaderTimeout : &kResponseStalled;
  return attempts_.connection()->stream().unsent_bytes() > 0 ? &kRequestStalled : &kRequestBodyTimeout;
}

void Exchange::Reply(uint16_t status, Reason reason, std::string_view detail) {
  if (is_call_) return ReplyToCall(status, reason, detail);
  CountResponse(status);
  record_.response_body_bytes = downstream_->ErrorBodySize(status, detail);
  record_.Decide(DecidedBy::kProxy, reason, detail);
  Conclude();
  downstream_->SendError(status, detail, head_editor_.EditReply(request_, status, *environment_->random));
  Finish();
}

void Exchange::ReplyToCall(uint16_t status, Reason reason, std::string_view detail) {
  CountResponse(200);
  record_.Decide(DecidedBy::kProxy, reason, detail);
  Conclude();
  downstream_->SendFixed(200, {},
                         head_editor_.EditCallReply(request_, grpc::StatusOf(status), detail, *environment_->random));
  Finish();
}

void Exchange::Cut(DecidedBy who, Reason reason, std::string_view detail) {
  record_.Decide(who, reason, detail);
  Conclude();
  // The client may see the end as soon as it is cut: all is told and counted by then.
  http::ServerStream* const downstream = downstream_;
  Finish();
  downstream->Abort();
}

void Exchange::CountResponse(uint16_t status) {
  metrics_.CountResponse(status);
  record_.status = status;
}

void Exchange::Conclude() {
  record_.times.Take(Mark::kEnd);
  if (client_->listener->access_log != nullptr) Log();
}

void Exchange::Log() {
  const config::Snapshot& snapshot = *(pin_ != nullptr ? pin_ : environment_->snapshots->current())->snapshot;
  const config::Server* server = nullptr;
  if (attempts_.server_slot() != ServerAttempts::kNoServer) {
    server = snapshot.backends[attempts_.backend_slot()]->servers[attempts_.server_slot()].get();
  }
  LogRequest({.client = *client_,
              .address = head_editor_.ClientAddress(request_),
              .request_id = head_editor_.RequestId(request_, *environment_->random),
              .head = request_,
              .head_is_complete = counted_,
              .response_fields = logged_fields_.get(),
              .record = record_,
              .snapshot = snapshot,
              .rule = rule_,
              .backend = backend_,
              .server = server,
              .attempts = attempts_.count(),
              .reused = attempts_.reused()},
             environment_->access_log);
}

void Exchange::RefuseForMemory() {
  environment_->counters->max_buffer_bytes.Increment();
  downstream_->EndConnection();
  Reply(503, Reason::kBuffersFull, "the proxy's buffers are full");
}

size_t Exchange::HighWatermark() const {
  // Where memory gets short, a piece at a time.
  return environment_->loop->blocks().lean() ? 1 : http::ServerCodecHost::kHighWatermark;
}

void Exchange::RefuseBody() {
  environment_->counters->max_body_bytes.Increment();
  const std::string detail = absl::StrCat("the request's body is larger than the limit of ", max_body_bytes_, " bytes");
  if (response_begun_) return Cut(DecidedBy::kProxy, Reason::kBodyTooLarge, detail);
  Reply(413, Reason::kBodyTooLarge, detail);
}

void Exchange::Finish() {
  if (finished_) return;
  finished_ = true;
  reservation_.End(environment_->loop->blocks());
  downstream_ = nullptr;
  environment_->loop->timers().Cancel(&timer_);
  Leave();
  if (awaits_handshake_) client_->tls->early->Forget(this);
  attempts_.End();
  metrics_.End(environment_->loop->now_us());
  if (pin_ != nullptr) environment_->snapshots->Unpin(std::exchange(pin_, nullptr));
  if (counted_) environment_->counters->requests_active.Decrement();
  if (tunnel_) environment_->counters->tunnels_active.Decrement();
  if (is_call_) call_->End();
  early_body_.Clear();
  kept_body_.Clear();
  if (logged_fields_ != nullptr) logged_fields_->Clear();
  environment_->turn_work->Add(this);
}

}  // namespace fairlead::proxy
