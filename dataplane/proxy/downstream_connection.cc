#include "dataplane/proxy/downstream_connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "dataplane/http/h1/server_codec.h"
#include "dataplane/http/h2/server_codec.h"
#include "dataplane/net/socket_options.h"
#include "dataplane/proxy/admission.h"
#include "dataplane/proxy/exchange.h"
#include "dataplane/proxy/exchange_pool.h"

namespace fairlead::proxy {

namespace {

// What tells HTTP/2's preface (RFC 9113 §3.4) from every method of HTTP/1.
constexpr std::string_view kPrefaceMark = "PRI ";

}  // namespace

DownstreamConnection::DownstreamConnection(Environment* environment, Client client, event::Socket* socket,
                                           buffer::Slice begin, Protocol protocol)
    : environment_(environment),
      client_(std::move(client)),
      socket_(socket),
      codec_(new http::h1::ServerCodec(this, &client_.listener->head_limits)),
      timer_([](void* self) { static_cast<DownstreamConnection*>(self)->OnTimeout(); }, this) {
  socket_->set_handler(this);
  client_.listener->connections.PushBack(this);
  const http::h2::ServerSettings& http2 = client_.listener->http.http2;
  detecting_ = protocol == Protocol::kDetect && !http2.off && !http2.only;
  if (protocol == Protocol::kHttp2 || (protocol == Protocol::kDetect && http2.only)) StartHttp2();
  if (client_.listener->draining) codec_->Drain();
  Enter(Phase::kHead, client_.listener->http.header_timeout.count());
  socket_->ResumeReceive();
  if (!begin.empty()) OnReceived(std::move(begin));
}

void DownstreamConnection::StartHttp2() {
  codec_.reset(new WatchedServerCodec(
      this, environment_->http2, &client_.listener->head_limits, client_.listener->http.http2,
      [](void* self) { static_cast<DownstreamConnection*>(self)->CheckHttp2(); }, this));
  is_http2_ = true;
  http2()->Start(client_.listener->http, environment_->loop->timers());
  environment_->counters->http2_connections.Increment();
  had_request_ = true;  // it may wait for its first one as for any other, once the client has said hello
  if (client_.listener->draining) codec_->Drain();
  Touch();
}

void DownstreamConnection::Detect(buffer::Slice bytes) {
  const std::string_view expected = kPrefaceMark.substr(preface_bytes_);
  const size_t size = std::min(bytes.size(), expected.size());
  const bool matches = bytes.view().substr(0, size) == expected.substr(0, size);
  if (matches && size < expected.size()) {
    preface_bytes_ = static_cast<uint8_t>(preface_bytes_ + size);
    return;
  }
  detecting_ = false;
  if (matches) StartHttp2();
  if (preface_bytes_ > 0) {
    buffer::Queue before;
    before.Append(kPrefaceMark.substr(0, preface_bytes_), environment_->loop->blocks());
    for (buffer::Slice& slice : before.TakeSlices()) codec_->Receive(std::move(slice));
  }
  if (!closing_) codec_->Receive(std::move(bytes));
}

void DownstreamConnection::Drain() {
  codec_->Drain();
  if (is_http2_) http2()->OnDrain(environment_->loop->timers());
  const bool waits_for_first_request = phase_ == Phase::kHead && !had_request_;
  if (phase_ == Phase::kIdle || waits_for_first_request) Enter(Phase::kIdle, IdleTimeoutMs());
}

void DownstreamConnection::Kill() {
  if (phase_ == Phase::kClosed) return;
  codec_->ConnectionLost(http::ClientError::kShutdown);
  Close(/*reset=*/true);
}

void DownstreamConnection::OnConnected(int) {}

void DownstreamConnection::OnReceived(buffer::Slice bytes) {
  event::TurnScope scope(environment_->turn_work);
  client_.listener->own_counters->bytes_received.Add(bytes.size());
  if (closing_) return;  // lingering: dropped
  if (watch_ != nullptr) watch_->OnReceived(bytes.size());
  if (detecting_) {
    Detect(std::move(bytes));
  } else {
    codec_->Receive(std::move(bytes));
  }
  Touch();
}

void DownstreamConnection::OnReceiveEnd(int error) {
  event::TurnScope scope(environment_->turn_work);
  client_ended_ = true;
  if (error != 0) {
    codec_->ConnectionLost(http::ClientError::kDisconnected);
    return Close(/*reset=*/false);
  }
  if (!closing_ && !codec_->ReceiveEnd()) closing_ = true;
  Touch();
}

void DownstreamConnection::OnSent(size_t sent, int error) {
  event::TurnScope scope(environment_->turn_work);
  sending_ = false;
  if (error != 0) {
    codec_->ConnectionLost(http::ClientError::kDisconnected);
    return Close(/*reset=*/false);
  }
  if (sent == 0) return Touch();
  client_.listener->own_counters->bytes_sent.Add(sent);
  output_.Consume(sent);
  if (watch_ != nullptr) {
    watch_->OnSent(sent);
    if (output_.empty()) watch_->OnAllSent();
  }
  // A client that reads may take its time.
  if (phase_ == Phase::kFlushing) Enter(Phase::kFlushing, FlushTimeoutMs());
  if (phase_ == Phase::kIdle && (!output_.empty() || client_.listener->draining)) Enter(Phase::kIdle, IdleTimeoutMs());
  codec_->OnSent();
  if (!output_.empty() || closing_ || shutdown_due_) Touch();
}

void DownstreamConnection::RunTurnWork() {
  if (phase_ == Phase::kClosed) {
    delete this;
    return;
  }
  if (!closing_) codec_->Continue();
  if (phase_ == Phase::kClosed) return;  // comes again
  Flush();
  UpdatePhase();
}

void DownstreamConnection::Flush() {
  if (sending_) return;
  if (output_.empty()) {
    if (shutdown_due_) socket_->ShutdownSend();
    shutdown_due_ = false;
    return;
  }
  iovec iovecs[event::Socket::kMaxIovecs];
  const int count = output_.FillIovecs(iovecs, event::Socket::kMaxIovecs);
  sending_ = true;
  socket_->StartSend(iovecs, count);
}

void DownstreamConnection::UpdatePhase() {
  if (closing_) {
    if (phase_ == Phase::kLingering) {
      if (client_ended_) Close(/*reset=*/false);
    } else if (!output_.empty()) {
      if (phase_ != Phase::kFlushing) Enter(Phase::kFlushing, FlushTimeoutMs());
    } else if (client_ended_) {
      Close(/*reset=*/false);
    } else {
      socket_->ShutdownSend();
      Enter(Phase::kLingering, kLingerMs);
    }
    return;
  }
  if (codec_->receiving_head()) {
    if (phase_ != Phase::kHead) Enter(Phase::kHead, client_.listener->http.header_timeout.count());
  } else if (!codec_->idle()) {
    if (is_http2_) http2()->KeepLooking(client_.listener->http, environment_->loop->timers());
    if (client_ended_ && phase_ == Phase::kExchange && deadline_ms_ == UINT64_MAX) {
      Enter(Phase::kExchange, kHalfClosedMs);
    } else if (!client_ended_) {
      phase_ = Phase::kExchange;
      deadline_ms_ = UINT64_MAX;
    }
  } else if (had_request_ && phase_ != Phase::kIdle) {
    Enter(Phase::kIdle, IdleTimeoutMs());
  }
}

uint64_t DownstreamConnection::IdleTimeoutMs() const {
  const bool draining = client_.listener->draining || (is_http2_ && http2()->draining());
  return draining && output_.empty() ? kDrainIdleMs : client_.listener->http.idle_timeout.count();
}

uint64_t DownstreamConnection::FlushTimeoutMs() const {
  return is_http2_ && http2()->terminated() ? kLingerMs : client_.listener->http.idle_timeout.count();
}

void DownstreamConnection::Enter(Phase phase, uint64_t timeout_ms) {
  phase_ = phase;
  deadline_ms_ = environment_->loop->now_ms() + timeout_ms;
  if (timer_.scheduled() && timer_.deadline_ms() <= deadline_ms_) return;
  environment_->loop->timers().Schedule(&timer_, timeout_ms);
}

void DownstreamConnection::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  const uint64_t now_ms = environment_->loop->now_ms();
  if (deadline_ms_ == UINT64_MAX) return;  // the next phase sets it
  if (deadline_ms_ > now_ms) return Enter(phase_, deadline_ms_ - now_ms);
  switch (phase_) {
    case Phase::kHead:
      environment_->counters->header_timeouts.Increment();
      if (codec_->receiving_head()) return codec_->RequestTimeout("the request's head took too long");
      return Close(/*reset=*/false);
    case Phase::kIdle:
      environment_->counters->idle_timeouts.Increment();
      if (codec_->EndIdle()) return CloseAfterOutput();
      return Close(/*reset=*/false);
    case Phase::kFlushing:
      return Close(/*reset=*/true);
    case Phase::kLingering:
      return Close(/*reset=*/false);
    case Phase::kExchange:
      deadline_ms_ = UINT64_MAX;
      if (!codec_->awaiting_response()) return;
      codec_->ConnectionLost(http::ClientError::kDisconnected);
      return Close(/*reset=*/false);
    case Phase::kClosed:
      return;
  }
}

void DownstreamConnection::CheckHttp2() {
  event::TurnScope scope(environment_->turn_work);
  if (closing_) return;
  switch (http2()->Look(client_.listener->http, environment_->loop->timers())) {
    case Http2Watch::Verdict::kWell:
      return;
    case Http2Watch::Verdict::kOld:
      return Drain();
    case Http2Watch::Verdict::kSilent:
      environment_->counters->http2_ping_timeouts.Increment();
      [[fallthrough]];
    case Http2Watch::Verdict::kStuck:
      codec_->ConnectionLost(http::ClientError::kDisconnected);
      return Close(/*reset=*/true);
  }
}

void DownstreamConnection::CheckClient() {
  event::TurnScope scope(environment_->turn_work);
  ClientWatch::Look look{.idle = output_.empty() && (closing_ || codec_->idle()),
                         .receiving = !closing_ && (codec_->receiving_head() || codec_->receiving_body()),
                         .awaits_body = !closing_ && codec_->awaiting_body(),
                         .awaits_reader = !output_.empty()};
  if (look.awaits_reader) {
    int in_kernel = 0;
    ioctl(socket_->fd(), SIOCOUTQ, &in_kernel);
    look.taken = watch_->sent() - in_kernel;
  }
  switch (watch_->Check(client_.listener->http, look, environment_->loop->timers())) {
    case ClientWatch::Verdict::kWell:
      return;
    case ClientWatch::Verdict::kIdle:
      return watch_.reset();
    case ClientWatch::Verdict::kRequestTimeout:
      environment_->counters->request_timeouts.Increment();
      return codec_->RequestTimeout("the request took too long");
    case ClientWatch::Verdict::kSlowBody:
      environment_->counters->slow_bodies.Increment();
      return codec_->RequestTimeout("the request's body comes too slowly");
    case ClientWatch::Verdict::kSlowReader:
      environment_->counters->slow_readers.Increment();
      codec_->ConnectionLost(http::ClientError::kTooSlow);
      return Close(/*reset=*/true);
  }
}

http::ServerStreamHandler* DownstreamConnection::OnStreamBegin(http::ServerStream* stream) {
  had_request_ = true;
  if (const config::HttpSettings& settings = client_.listener->http; settings.watches_clients()) {
    if (watch_ == nullptr) {
      watch_ = std::make_unique<ClientWatch>(
          [](void* self) { static_cast<DownstreamConnection*>(self)->CheckClient(); }, this);
    }
    watch_->BeginRequest(settings, environment_->loop->timers());
  }
  Exchange* exchange = environment_->exchanges->Take();
  exchange->Begin(stream, &client_);
  return exchange;
}

void DownstreamConnection::OnRequestRefused(uint16_t, const char*, http::RequestLimit limit) {
  metrics::WorkerCounters& counters = *environment_->counters;
  counters.request_errors.Increment();
  switch (limit) {
    case http::RequestLimit::kNone:
      return;
    case http::RequestLimit::kUriBytes:
      return counters.max_uri_bytes.Increment();
    case http::RequestLimit::kHeaderBytes:
      return counters.max_header_bytes.Increment();
    case http::RequestLimit::kHeaderCount:
      return counters.max_header_count.Increment();
    case http::RequestLimit::kTrailers:
      return counters.max_trailers.Increment();
    case http::RequestLimit::kChunkExtensionBytes:
      return counters.max_chunk_extension_bytes.Increment();
  }
}

void DownstreamConnection::OnConnectionLimit(http::ConnectionLimit limit) {
  metrics::WorkerCounters& counters = *environment_->counters;
  switch (limit) {
    case http::ConnectionLimit::kConcurrentStreams:
      return counters.http2_max_concurrent_streams.Increment();
    case http::ConnectionLimit::kResets:
      return counters.http2_max_resets.Increment();
    case http::ConnectionLimit::kControlFrames:
      return counters.http2_max_control_frames.Increment();
    case http::ConnectionLimit::kContinuations:
      return counters.http2_max_continuations.Increment();
    case http::ConnectionLimit::kHeaderTimeout:
      return counters.header_timeouts.Increment();
    case http::ConnectionLimit::kRequestTimeout:
      return counters.request_timeouts.Increment();
    case http::ConnectionLimit::kSlowBody:
      return counters.slow_bodies.Increment();
    case http::ConnectionLimit::kSlowReader:
      return counters.slow_readers.Increment();
    case http::ConnectionLimit::kReaderTimeout:
      return counters.reader_timeouts.Increment();
  }
}

void DownstreamConnection::OnResponse(uint16_t status) {
  environment_->counters->responses[status / 100 - 1].Increment();
  client_.listener->own_counters->responses[status / 100 - 1].Increment();
}

void DownstreamConnection::PauseReceive() {
  if (watch_ != nullptr) watch_->OnBodyHeldBack();
  if (phase_ != Phase::kClosed) socket_->PauseReceive();
}

void DownstreamConnection::ResumeReceive() {
  if (phase_ != Phase::kClosed && !closing_) socket_->ResumeReceive();
}

void DownstreamConnection::ShutdownAfterOutput() {
  shutdown_due_ = true;
  Touch();
}

void DownstreamConnection::CloseAfterOutput() {
  closing_ = true;
  // A client that sends before it reads must come to the reading.
  if (phase_ != Phase::kClosed) socket_->ResumeReceive();
  Touch();
}

void DownstreamConnection::CloseNow() { Close(/*reset=*/true); }

void DownstreamConnection::Close(bool reset) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  environment_->loop->timers().Cancel(&timer_);
  watch_.reset();
  if (Http2Watch* watch = http2()) watch->Stop(environment_->loop->timers());
  Dismiss(environment_, client_);
  Unlink();
  if (reset) net::ResetOnClose(socket_->fd());
  if (sending_) {
    socket_->Close(output_.TakeSlices());
  } else {
    socket_->Close();
  }
  socket_ = nullptr;
  closing_ = true;
  Touch();
}

}  // namespace fairlead::proxy
