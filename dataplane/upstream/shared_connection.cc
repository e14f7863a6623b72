#include "dataplane/upstream/shared_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/statusor.h"
#include "dataplane/net/socket_options.h"
#include "dataplane/upstream/server.h"

namespace fairlead::upstream {
namespace {

http::h2::ClientSettings ToCodecSettings(const config::BackendSettings& settings) {
  return {.max_concurrent_streams = settings.http2.max_concurrent_streams,
          .stream_window = settings.http2.stream_window,
          .connection_window = settings.http2.connection_window,
          .scheme = settings.tls != nullptr ? "https" : "http"};
}

}  // namespace

SharedConnection::SharedConnection(Environment* environment, Server* server)
    : environment_(environment),
      server_(server),
      timer_([](void* self) { static_cast<SharedConnection*>(self)->OnTimeout(); }, this),
      ping_timer_([](void* self) { static_cast<SharedConnection*>(self)->OnPingTimer(); }, this),
      settings_(ToCodecSettings(server->settings())),
      ping_settings_{.interval_ms = static_cast<uint64_t>(server->settings().http2.ping_interval.count()),
                     .timeout_ms = static_cast<uint64_t>(server->settings().http2.ping_timeout.count())},
      exclusive_(server->settings().send_proxy_protocol != config::ProxyProtocol::kNone),
      by_alpn_(server->settings().protocol == config::BackendProtocol::kAuto) {
  environment->loop->timers().Schedule(&timer_, server->settings().connect_timeout.count());
}

absl::Status SharedConnection::Connect() {
  const bool begins_in_front_of_tls = exclusive_ && server_->settings().tls != nullptr && !waiting_.empty();
  const absl::StatusOr<event::Socket*> socket =
      server_->Dial(this, Server::DialFor::kHttp, begins_in_front_of_tls ? waiting_.front()->TakePreamble() : "");
  if (!socket.ok()) return socket.status();
  state_ = State::kConnecting;
  socket_ = *socket;
  return absl::OkStatus();
}

bool SharedConnection::HasRoom() const {
  if (state_ > State::kOpen || draining_) return false;
  if (!codec_.has_value()) {
    return streams_ < (by_alpn_ && server_->spoke_http1() ? 1 : settings_.max_concurrent_streams);
  }
  return codec_->accepts_streams() && !has_refused_ && streams_ < codec_->max_streams();
}

uint32_t SharedConnection::AllowedStreams() const {
  if (settings_received_) return codec_->max_streams();
  return std::max(std::min(server_->allowed_streams(), settings_.max_concurrent_streams), 1u);
}

Channel* SharedConnection::Add(ConnectionUser* user) {
  if (idle_) {
    idle_ = false;
    environment_->loop->timers().Cancel(&timer_);
  }
  ++streams_;
  if (exclusive_) draining_ = true;
  auto* stream = new SharedStream(this, user);
  if (state_ == State::kOpen && waiting_.empty() && codec_->streams() < AllowedStreams()) {
    stream->Begin(&*codec_);
  } else {
    waiting_.PushBack(stream);
  }
  return stream;
}

void SharedConnection::OnConnected(int error) {
  event::TurnScope scope(environment_->turn_work);
  if (const auto failure = server_->OnConnectEnded(*socket_, error, by_alpn_ ? "" : "h2")) {
    environment_->loop->timers().Cancel(&timer_);
    return Fail(failure->error, failure->detail);
  }
  if (by_alpn_ && !server_->ChoseHttp2(*socket_)) return GoOnWithHttp1();
  state_ = State::kOpen;
  environment_->counters->upstream_http2_connections.Increment();
  http::h2::ClientCodecHost* const host = this;
  codec_.emplace(host, settings_);
  socket_->ResumeReceive();
  last_frame_ms_ = environment_->loop->now_ms();
  if (ping_settings_.interval_ms > 0) SchedulePing();
  BeginWaiting();
}

void SharedConnection::GoOnWithHttp1() {
  if (waiting_.empty()) return Close();
  environment_->loop->timers().Cancel(&timer_);
  state_ = State::kClosed;
  Unlink();
  environment_->turn_work->Add(this);
  SharedStream* const first = waiting_.front();
  ConnectionUser* const user = first->Leave();
  server_->GoOnWithHttp1(std::exchange(socket_, nullptr), user, first->has_begun(), /*keep=*/!draining_);
  while (!waiting_.empty()) {
    waiting_.front()->Fail(http::ServerError::kOtherProtocol,
                           "the server speaks HTTP/1.1, with another on this connection");
  }
}

void SharedConnection::BeginWaiting() {
  while (!waiting_.empty() && codec_->accepts_streams() && codec_->streams() < AllowedStreams()) {
    SharedStream* const stream = waiting_.front();
    stream->Unlink();
    stream->Begin(&*codec_);
    stream->user()->OnConnected(stream);
  }
  if (!settings_received_ && codec_->accepts_streams()) return;
  while (!waiting_.empty()) {
    waiting_.front()->Fail(http::ServerError::kNotProcessed, "the server takes no more streams on this connection");
  }
}

void SharedConnection::OnSettings() {
  settings_received_ = true;
  environment_->loop->timers().Cancel(&timer_);
  server_->set_allowed_streams(codec_->max_streams());
  BeginWaiting();
}

void SharedConnection::OnReceived(buffer::Slice bytes) {
  event::TurnScope scope(environment_->turn_work);
  server_->CountReceived(bytes.size());
  last_frame_ms_ = environment_->loop->now_ms();
  const bool was_flooded = codec_->flooded();
  codec_->Receive(std::move(bytes));
  if (codec_->flooded() && !was_flooded) environment_->counters->upstream_control_frames.Increment();
  if (state_ != State::kOpen) return;
  if (!settings_received_ && codec_->settings_received()) return OnSettings();
  if (!waiting_.empty()) BeginWaiting();
}

void SharedConnection::OnReceiveEnd(int error) {
  event::TurnScope scope(environment_->turn_work);
  codec_->ReceiveEnd(error);
  Close();
}

void SharedConnection::OnSent(size_t sent, int error) {
  event::TurnScope scope(environment_->turn_work);
  sending_ = false;
  if (error != 0) {
    // What the server said before it closed may still be waiting to be read: the end of receiving decides.
    send_failed_ = draining_ = true;
    output_.Clear();
    return Touch();
  }
  server_->CountSent(sent);
  output_.Consume(sent);
  codec_->OnSent();
  Flush();
}

void SharedConnection::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  if (idle_) return BeginEnding();
  if (state_ == State::kOpen) {  // without SETTINGS
    draining_ = true;
    environment_->counters->connect_timeouts.Increment();
    while (!waiting_.empty()) {
      waiting_.front()->Fail(http::ServerError::kConnectTimeout, "the server did not send its SETTINGS in time");
    }
    return Touch();
  }
  if (!connecting()) return Close();
  server_->OnConnectFailed();
  environment_->counters->connect_timeouts.Increment();
  Fail(http::ServerError::kConnectTimeout, "connecting took too long");
}

void SharedConnection::OnPingTimer() {
  event::TurnScope scope(environment_->turn_work);
  switch (pings_.Look(environment_->loop->now_ms(), last_frame_ms_, ping_settings_)) {
    case http::h2::PingTimes::Due::kNothing:
      break;
    case http::h2::PingTimes::Due::kPing:
      codec_->Ping();
      break;
    case http::h2::PingTimes::Due::kGiveUp:
      environment_->counters->upstream_ping_timeouts.Increment();
      return Fail(http::ServerError::kClosedBeforeResponse, "the server did not answer a PING");
  }
  SchedulePing();
}

void SharedConnection::SchedulePing() {
  const uint64_t now_ms = environment_->loop->now_ms();
  const uint64_t next_ms = pings_.NextMs(now_ms, last_frame_ms_, ping_settings_);
  environment_->loop->timers().Schedule(&ping_timer_, next_ms > now_ms ? next_ms - now_ms : 1);
}

void SharedConnection::OnGone(SharedStream* stream) {
  gone_.PushBack(stream);
  --streams_;
  if (codec_.has_value()) {
    has_refused_ = streams_ > 0 && codec_->refusals() > refusals_;
    refusals_ = codec_->refusals();
  }
  Touch();
}

void SharedConnection::Linger(event::Timer* timer) {
  environment_->loop->timers().Schedule(timer, server_->settings().idle_timeout.count());
}

void SharedConnection::GiveUp(http::h2::ClientStream* stream) {
  event::TurnScope scope(environment_->turn_work);
  stream->GiveUp();
}

void SharedConnection::Drain() {
  draining_ = true;
  if (codec_.has_value()) codec_->Drain();
  Touch();
}

void SharedConnection::RunTurnWork() {
  while (!gone_.empty()) delete gone_.front();
  if (state_ == State::kClosed) {
    if (streams_ == 0) {
      delete this;
    } else {
      codec_->Continue();
      output_.Clear();
    }
    return;
  }
  if (!codec_.has_value()) {
    if (streams_ == 0) Close();  // connecting for nobody
    return;
  }
  codec_->Continue();
  if (state_ == State::kClosed) return;  // comes again
  Flush();
  if (state_ == State::kEnding) {
    if (output_.empty()) Close();
    return;
  }
  if (codec_->broken()) return BeginEnding();
  if (streams_ == 0) KeepOrEnd();
}

void SharedConnection::KeepOrEnd() {
  const bool is_of_use = !draining_ && codec_->accepts_streams() && codec_->max_streams() > 0;
  if (idle_ && is_of_use) return;
  if (!is_of_use || !server_->Keep(this)) return BeginEnding();
  idle_ = true;
  environment_->loop->timers().Schedule(&timer_, server_->settings().pool_idle_timeout.count());
}

void SharedConnection::BeginEnding() {
  // Others may wait for its place.
  if (server_->has_limits() || send_failed_) return Close();
  if (std::exchange(idle_, false)) server_->OnIdleEnded();
  state_ = State::kEnding;
  environment_->loop->timers().Schedule(&timer_, kEndingMs);
  codec_->Drain();
  Touch();
}

void SharedConnection::Flush() {
  if (sending_ || send_failed_ || output_.empty()) {
    if (send_failed_) output_.Clear();
    return;
  }
  iovec iovecs[event::Socket::kMaxIovecs];
  const int count = output_.FillIovecs(iovecs, event::Socket::kMaxIovecs);
  sending_ = true;
  socket_->StartSend(iovecs, count);
}

void SharedConnection::Close(http::ServerError error, std::string_view detail) {
  if (state_ == State::kClosed) return;
  environment_->loop->timers().Cancel(&timer_);
  environment_->loop->timers().Cancel(&ping_timer_);
  if (codec_.has_value()) environment_->counters->upstream_http2_connections.Decrement();
  // As in Connection::Close.
  if (socket_ != nullptr && server_->has_limits()) net::EndNow(socket_->fd(), /*reset=*/false);
  server_->OnClosed(this);
  state_ = State::kClosed;
  idle_ = false;
  Unlink();
  if (sending_) {
    socket_->Close(output_.TakeSlices());
  } else if (socket_ != nullptr) {
    socket_->Close();
  }
  socket_ = nullptr;
  output_.Clear();
  environment_->turn_work->Add(this);
  // Nothing was sent for those.
  const bool never_stood = error == http::ServerError::kClosedBeforeResponse;
  while (!waiting_.empty()) {
    waiting_.front()->Fail(never_stood ? http::ServerError::kConnectFailed : error, detail);
  }
  if (codec_.has_value()) codec_->Fail(error, detail);
}

}  // namespace fairlead::upstream
