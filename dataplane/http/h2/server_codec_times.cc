#include <nghttp2/nghttp2.h>

#include "dataplane/http/h2/server_codec.h"

// What clients have time for, stream by stream.
namespace fairlead::http::h2 {
namespace {

// How long the second GOAWAY waits for the answer to the PING behind the first.
constexpr uint64_t kDrainMs = 1000;
// How long a client may take to read why its connection ends.
constexpr uint64_t kTerminatedMs = 2000;

}  // namespace

bool ServerCodec::CheckTimes(const ClientTimes& times) {
  if (closing_) return true;
  const uint64_t now_ms = host_->now_ms();
  if (host_->output().empty()) taken_ms_ = now_ms;
  if (now_ms >= taken_ms_ + (terminated_ ? kTerminatedMs : times.idle_timeout_ms) && now_ms > taken_ms_) {
    if (!terminated_) host_->OnConnectionLimit(ConnectionLimit::kReaderTimeout);
    return false;
  }
  if (terminated_) return true;
  if (draining_ && now_ms >= drain_begin_ms_ + kDrainMs) FinishDrain();
  if (block_ != Block::kNone && now_ms >= block_begin_ms_ + times.header_timeout_ms) {
    host_->OnConnectionLimit(ConnectionLimit::kHeaderTimeout);
    if (block_stream_ != nullptr) block_stream_->Refuse(0, "the request's head took too long");
    Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    host_->Touch();
    return true;
  }
  const bool window_shut = nghttp2_session_get_remote_window_size(session_) <= 0;
  const bool reads_too_slowly =
      times.min_client_rate != 0 && window_window_.IsTooSlow(window_shut, data_sent_, times.min_client_rate, now_ms);
  streams_.ForEach([&](ServerStream* stream) {
    if (!stream->reset_) CheckStream(stream, times, reads_too_slowly, now_ms);
  });
  return true;
}

void ServerCodec::CheckStream(ServerStream* stream, const ClientTimes& times, bool reads_too_slowly, uint64_t now_ms) {
  if (stream->awaits_client() && times.request_timeout_ms != 0 &&
      now_ms >= stream->begin_ms_ + times.request_timeout_ms) {
    return TimeOut(stream, ConnectionLimit::kRequestTimeout, "the request took too long");
  }
  if (!stream->unsent_.empty() && stream->handler_ == nullptr &&
      now_ms >= stream->progress_ms_ + times.idle_timeout_ms) {
    host_->OnConnectionLimit(ConnectionLimit::kReaderTimeout);
    return Reset(stream, NGHTTP2_CANCEL);
  }
  if (times.min_client_rate == 0) return;
  const bool awaits_body = stream->awaits_client() && stream != block_stream_ && !stream->body_paused_;
  if (stream->body_window_.IsTooSlow(awaits_body, stream->received_, times.min_client_rate, now_ms)) {
    return TimeOut(stream, ConnectionLimit::kSlowBody, "the request's body comes too slowly");
  }
  const bool window_shut =
      !stream->unsent_.empty() && nghttp2_session_get_stream_remote_window_size(session_, stream->id_) <= 0;
  if (stream->reader_window_.IsTooSlow(window_shut, stream->sent_, times.min_client_rate, now_ms) ||
      (reads_too_slowly && !stream->unsent_.empty())) {
    host_->OnConnectionLimit(ConnectionLimit::kSlowReader);
    stream->Fail(ClientError::kTooSlow);
    Reset(stream, NGHTTP2_CANCEL);
  }
}

void ServerCodec::TimeOut(ServerStream* stream, ConnectionLimit limit, const char* reason) {
  host_->OnConnectionLimit(limit);
  const bool can_answer = !stream->head_sent_;
  if (can_answer) host_->OnRequestRefused(408, reason, RequestLimit::kNone);
  stream->Refuse(408, reason);
  if (can_answer) {
    stream->WriteError(408, reason, FieldEdits());
  } else {
    Reset(stream, NGHTTP2_CANCEL);
  }
}

}  // namespace fairlead::http::h2
