#include "dataplane/http/h2/server_stream.h"

#include <algorithm>
#include <utility>

#include "dataplane/http/error_body.h"
#include "dataplane/http/h2/server_codec.h"

namespace fairlead::http::h2 {
namespace {

// Room for text that a stream keeps for its next use.
constexpr size_t kMaxKeptText = 4096;

void ClearText(std::string& text) {
  if (text.capacity() > kMaxKeptText) {
    text = {};
  } else {
    text.clear();
  }
}

}  // namespace

void StoredTrailers::Store(const FieldList& trailers) {
  Clear();
  for (const FieldList::Field& field : trailers) {
    FieldList::Field copy = field;
    copy.name_offset = static_cast<uint32_t>(text_.size());
    text_ += trailers.name(field);
    copy.value_offset = static_cast<uint32_t>(text_.size());
    text_ += trailers.value(field);
    fields_.Add(copy);
  }
  fields_.set_base(text_.data());
}

void StoredTrailers::Clear() {
  ClearText(text_);
  fields_.Clear();
}

void ServerStream::Begin(ServerCodec* codec, int32_t id, uint64_t now_ms) {
  codec_ = codec;
  id_ = id;
  begin_ms_ = progress_ms_ = now_ms;
}

void ServerStream::KeepHead(std::string_view text) {
  head_text_.assign(text);
  codec_->host_->blocks().Charge(static_cast<int64_t>(head_text_.size()));
  handler_->request_head().SetBase(head_text_.data());
}

void ServerStream::TakeHead(bool end_stream) {
  const RequestHead& head = handler_->request_head();
  method_ = head.method;
  wants_tunnel_ = head.method == Method::kConnect || head.extended_connect;
  request_ended_ = end_stream;
  end_held_ = wants_tunnel_ && end_stream;
  body_follows_ = head.framing != BodyFraming::kNone;
  if (head.framing == BodyFraming::kContentLength) {
    body_left_ = head.content_length;
  } else if (!body_follows_ && !wants_tunnel_) {
    body_left_ = 0;
  }
  handler_->OnRequestHead(body_follows_);
}

const char* ServerStream::TakeData(buffer::Slice data) {
  const size_t size = data.size();
  received_ += size;
  if (size > body_left_) {
    codec_->Consume(id_, size);
    return "the body is longer than Content-Length says";
  }
  if (body_left_ != UINT64_MAX) body_left_ -= size;
  if (handler_ != nullptr && (awaits_tunnel() || body_paused_ || !held_.empty())) {
    Hold(std::move(data));
    return nullptr;
  }
  if (handler_ != nullptr) handler_->OnRequestData(std::move(data));
  codec_->Consume(id_, size);
  return nullptr;
}

// The other streams' bodies are not to stop for this one's: the connection's window opens again, unless memory is
// short.
void ServerStream::Hold(buffer::Slice data) {
  if (codec_->host_->blocks().lean()) {
    held_uncredited_ += data.size();
  } else {
    nghttp2_session_consume_connection(codec_->session_, data.size());
  }
  held_.Append(std::move(data));
}

const char* ServerStream::TakeEnd(const FieldList* trailers) {
  request_ended_ = true;
  if (body_left_ != 0 && body_left_ != UINT64_MAX) return "the body is shorter than Content-Length says";
  if (handler_ == nullptr || (!body_follows_ && !wants_tunnel_)) return nullptr;
  if (!awaits_tunnel() && held_.empty()) {
    TellEnd(trailers);
    return nullptr;
  }
  end_held_ = true;
  if (trailers != nullptr && !wants_tunnel_) {
    request_trailers_ = std::make_unique<StoredTrailers>();
    request_trailers_->Store(*trailers);
  }
  return nullptr;
}

void ServerStream::TellEnd(const FieldList* trailers) {
  end_told_ = true;
  ServerStreamHandler* const handler = handler_;
  if (tunnel_ && response_ended_) handler_ = nullptr;
  handler->OnRequestEnd(tunnel_ ? nullptr : trailers);
}

void ServerStream::RunDue() {
  if (std::exchange(drained_due_, false) && handler_ != nullptr && unsent_.size() <= ServerCodecHost::kLowWatermark) {
    handler_->OnResponseDrained();
  }
  if (std::exchange(resumed_due_, false)) DeliverHeld();
}

void ServerStream::DeliverHeld() {
  if (handler_ == nullptr || awaits_tunnel()) return;
  std::vector<buffer::Slice> slices = held_.TakeSlices();
  for (buffer::Slice& slice : slices) {
    if (body_paused_) {
      held_.Append(std::move(slice));
      continue;
    }
    const size_t size = slice.size();
    if (handler_ != nullptr) handler_->OnRequestData(std::move(slice));
    const uint64_t uncredited = std::min<uint64_t>(size, held_uncredited_);
    held_uncredited_ -= uncredited;
    nghttp2_session_consume_stream(codec_->session_, id_, size);
    nghttp2_session_consume_connection(codec_->session_, uncredited);
  }
  if (handler_ == nullptr || !held_.empty() || !std::exchange(end_held_, false)) return;
  TellEnd(request_trailers_ == nullptr ? nullptr : &request_trailers_->fields());
}

void ServerStream::Fail(ClientError error) {
  if (handler_ == nullptr) return;
  codec_->LeaveHead(this);
  std::exchange(handler_, nullptr)->OnStreamError(error);
}

void ServerStream::Refuse(uint16_t status, const char* reason) {
  if (handler_ == nullptr) return;
  codec_->LeaveHead(this);
  handler_->OnRefused(head_sent_ ? 0 : status, reason);
  Fail(ClientError::kMalformed);
}

void ServerStream::Clear() {
  Unlink();
  due_.Unlink();
  ServerCodecHost* const host = codec_->host_;
  host->blocks().Charge(-static_cast<int64_t>(head_text_.size()));
  codec_ = nullptr;
  handler_ = nullptr;
  method_ = Method::kOther;
  request_ended_ = body_follows_ = wants_tunnel_ = tunnel_ = head_sent_ = response_ended_ = has_trailers_ = false;
  deferred_ = body_paused_ = end_held_ = end_told_ = drained_due_ = resumed_due_ = reset_ = false;
  body_left_ = UINT64_MAX;
  received_ = sent_ = window_given_ = held_uncredited_ = 0;
  unsent_.Clear();
  held_.Clear();
  ClearText(head_text_);
  trailers_.Clear();
  request_trailers_.reset();
  body_window_ = reader_window_ = {};
}

ssize_t ServerStream::ReadData(size_t room, uint32_t* flags) {
  const size_t size = std::min(room, unsent_.size());
  if (reset_ || (size == 0 && !response_ended_)) {
    deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!response_ended_ || size < unsent_.size()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!has_trailers_) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  HeaderBlock block;
  block.WriteTrailers(trailers_.fields());
  nghttp2_submit_trailer(codec_->session_, id_, block.data(), block.size());
  return static_cast<ssize_t>(size);
}

void ServerStream::Submit(HeaderBlock& block, bool body_follows) {
  head_sent_ = true;
  nghttp2_data_provider provider{.source = {.ptr = this},
                                 .read_callback = [](nghttp2_session*, int32_t, uint8_t*, size_t room, uint32_t* flags,
                                                     nghttp2_data_source* source, void*) {
                                   return static_cast<ServerStream*>(source->ptr)->ReadData(room, flags);
                                 }};
  nghttp2_submit_response(codec_->session_, id_, block.data(), block.size(), body_follows ? &provider : nullptr);
  codec_->host_->Touch();
}

void ServerStream::Continue() {
  if (std::exchange(deferred_, false)) nghttp2_session_resume_data(codec_->session_, id_);
  codec_->host_->Touch();
}

void ServerStream::SendInformational(const ResponseHead& head) {
  HeaderBlock block;
  block.WriteResponse(head, {.request_method = method_});
  nghttp2_submit_headers(codec_->session_, NGHTTP2_FLAG_NONE, id_, nullptr, block.data(), block.size(), nullptr);
  codec_->host_->Touch();
}

void ServerStream::SendHead(const ResponseHead& head, const HeadEdits& edits) {
  HeaderBlock block;
  block.WriteResponse(head, {.request_method = method_, .date = codec_->host_->date(), .edits = &edits.fields});
  Submit(block, head.framing != BodyFraming::kNone);
  codec_->host_->OnResponse(head.status);
  if (head.framing != BodyFraming::kTunnel) return;
  tunnel_ = true;
  if (!held_.empty() || end_held_) MakeDue(&ServerStream::resumed_due_);
}

void ServerStream::SendData(buffer::Slice data) {
  unsent_.Append(std::move(data));
  Continue();
}

void ServerStream::SendEnd(const FieldList* trailers) {
  response_ended_ = true;
  if (!tunnel_ || end_told_) handler_ = nullptr;
  if (trailers != nullptr && !trailers->empty() && !tunnel_) {
    trailers_.Store(*trailers);
    has_trailers_ = true;
  }
  Continue();
}

void ServerStream::SendError(uint16_t status, std::string_view detail, const HeadEdits& edits) {
  handler_ = nullptr;
  WriteError(status, detail, edits.fields);
}

void ServerStream::WriteError(uint16_t status, std::string_view detail, const FieldEdits& edits) {
  const size_t size = http::ErrorBodySize(status, detail);
  HeaderBlock block;
  block.WriteFixed(status, size, codec_->host_->date(), edits);
  block.Add("content-type", "text/plain");
  const bool has_body = method_ != Method::kHead;
  if (has_body) {
    std::string text(size, '\0');
    WriteErrorBody(status, detail, text.data());
    unsent_.Append(text, codec_->host_->blocks());
  }
  response_ended_ = true;
  Submit(block, has_body);
  codec_->host_->OnResponse(status);
}

void ServerStream::SendFixed(uint16_t status, std::string_view body, const HeadEdits& edits) {
  handler_ = nullptr;
  HeaderBlock block;
  block.WriteFixed(status, body.size(), codec_->host_->date(), edits.fields);
  const bool has_body = !body.empty() && !NeverHasBody(method_, status);
  if (has_body) unsent_.Append(body, codec_->host_->blocks());
  response_ended_ = true;
  Submit(block, has_body);
  codec_->host_->OnResponse(status);
}

size_t ServerStream::ErrorBodySize(uint16_t status, std::string_view detail) const {
  return method_ == Method::kHead ? 0 : http::ErrorBodySize(status, detail);
}

void ServerStream::EndConnection() { codec_->Drain(); }

void ServerStream::Abort() {
  handler_ = nullptr;
  codec_->Reset(this, tunnel_ ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);  // RFC 8441 §5
}

void ServerStream::PauseBody() {
  body_paused_ = true;
  body_window_.Restart();
}

void ServerStream::ResumeBody() {
  if (!std::exchange(body_paused_, false)) return;
  if (!held_.empty() || end_held_) MakeDue(&ServerStream::resumed_due_);
}

void ServerStream::MakeDue(bool ServerStream::* what) {
  this->*what = true;
  if (!due_.linked()) codec_->due_.PushBack(&due_);
  codec_->host_->Touch();
}

}  // namespace fairlead::http::h2
