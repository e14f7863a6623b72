#include "dataplane/http/h2/client_stream.h"

#include <algorithm>

#include "dataplane/http/h2/client_codec.h"

namespace fairlead::http::h2 {

ClientStream::~ClientStream() { GiveUp(); }

void ClientStream::Begin(ClientCodec* codec, ClientStreamHandler* handler, ClientStreamOwner* owner) {
  codec_ = codec;
  handler_ = handler;
  owner_ = owner;
  handler->response_head().Clear();
  codec->Attach(this);
}

void ClientStream::Abandon() {
  handler_ = nullptr;
  if (!is_finishing()) GiveUp();
}

void ClientStream::GiveUp() {
  handler_ = nullptr;
  if (codec_ == nullptr) return;
  held_.Clear();
  pending_.Clear();
  // An answer may have come before the whole request was sent (RFC 9113 §8.1): then nothing went wrong.
  if (id_ != 0 && !(end_received_ && request_sent_)) {
    codec_->ResetStream(this, end_received_ && !tunnel_ ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
  }
  codec_->Detach(this);
}

void ClientStream::SendHead(const RequestHead& head, const HeadEdits& edits) {
  method_ = head.method;
  is_extended_connect_ = head.method != Method::kConnect && !edits.upgrade.empty();
  is_connect_ = is_extended_connect_ || head.method == Method::kConnect;
  has_body_ = head.framing != BodyFraming::kNone;
  expects_continue_ = head.expects_continue;
  HeaderBlock block;
  block.WriteRequest(head, edits, codec_->settings_.scheme);
  if (!is_extended_connect_) return codec_->Submit(this, block);
  // RFC 8441 §3: not before the server has said that it knows what this is.
  deferred_ = std::make_unique<DeferredRequest>();
  const auto text = [](const uint8_t* bytes, size_t size) {
    return std::string(reinterpret_cast<const char*>(bytes), size);
  };
  for (size_t i = 0; i < block.size(); ++i) {
    const nghttp2_nv& pair = block.data()[i];
    deferred_->emplace_back(text(pair.name, pair.namelen), text(pair.value, pair.valuelen));
  }
  if (codec_->settings_received_) codec_->SetDue(this);
}

void ClientStream::SubmitDeferred() {
  if (!codec_->server_takes_extended_connect()) {
    return Fail(ServerError::kNoExtendedConnect, "the server does not take extended CONNECT (RFC 8441)");
  }
  HeaderBlock block;
  for (const auto& [name, value] : *deferred_) block.Add(name, value);
  codec_->Submit(this, block);
  deferred_.reset();
}

void ClientStream::SendData(buffer::Slice data) {
  if (codec_ == nullptr) return;
  pending_.Append(std::move(data));
  ResumeSending();
}

void ClientStream::SendEnd(const FieldList* trailers) {
  if (codec_ == nullptr) return;
  // CONNECT's request has no body to end; its tunnel has.
  if (!has_body_ && !tunnel_) return;
  request_ended_ = true;
  if (trailers != nullptr && !tunnel_) request_trailers_ = std::make_unique<KeptFields>(*trailers);
  ResumeSending();
}

void ClientStream::ResumeSending() {
  if (starved_) {
    starved_ = false;
    nghttp2_session_resume_data(codec_->session_.get(), id_);
  }
  codec_->host_->Touch();
}

void ClientStream::ResumeBody() {
  if (!paused_) return;
  paused_ = false;
  if (codec_ != nullptr && (!held_.empty() || end_received_)) codec_->SetDue(this);
}

size_t ClientStream::unsent_bytes() const {
  if (codec_ == nullptr) return 0;
  const uint64_t sent = codec_->output_total_ - codec_->host_->output().size();
  const uint64_t in_output = output_mark_ > sent ? std::min<uint64_t>(output_mark_ - sent, output_size_) : 0;
  return pending_.size() + in_output;
}

void ClientStream::MoveBody(size_t length, buffer::Queue* output) {
  output_size_ = length;
  while (length > 0) {
    buffer::Slice piece = pending_.TakeFront(length);
    length -= piece.size();
    output->Append(std::move(piece));
  }
  if (handler_ != nullptr && !request_ended_ && pending_.size() <= kLowWatermark) {
    drained_ = true;
    codec_->SetDue(this);
  }
}

void ClientStream::OnHead(bool end_stream) {
  heard_ = true;
  ResponseHead& head = handler_->response_head();
  if (head.status < 200) {
    if (++informational_ > ClientCodec::kMaxInformational) {
      return Reject(NGHTTP2_ENHANCE_YOUR_CALM, "too many interim responses");
    }
    // A client that did not ask for 100 need not see it (RFC 9110 §15.2.1).
    if (head.status != 100 || expects_continue_) handler_->OnInformational();
    return;
  }
  head_received_ = true;
  end_received_ = end_stream;
  if (is_connect_ && head.status / 100 == 2) {
    if (end_stream) return Reject(NGHTTP2_PROTOCOL_ERROR, "a tunnel that has ended with its head");
    // Inside, a change of protocol is what HTTP/1.1 calls it.
    if (is_extended_connect_) head.status = 101;
    head.framing = BodyFraming::kTunnel;
    tunnel_ = true;
    request_ended_ = false;
  } else if (head.framing == BodyFraming::kNone && !end_stream && !NeverHasBody(method_, head.status)) {
    head.framing = BodyFraming::kStreamed;  // trailers may follow
  }
  // nghttp2 holds responses to CONNECT to no length.
  if (head.framing == BodyFraming::kContentLength) body_left_ = head.content_length;
  handler_->OnResponseHead();
  if (handler_ != nullptr && end_stream) OnEnd();
}

void ClientStream::OnTrailers(const FieldList& trailers) {
  if (body_left_.value_or(0) > 0) return RejectLength();
  end_received_ = true;
  if (paused_ || !held_.empty()) {
    response_trailers_ = std::make_unique<KeptFields>(trailers);
    return;
  }
  End(tunnel_ || trailers.empty() ? nullptr : &trailers);
}

void ClientStream::OnData(buffer::Slice data) {
  if (body_left_.has_value()) {
    if (data.size() > *body_left_) return RejectLength();
    *body_left_ -= data.size();
  }
  if (paused_ || !held_.empty()) return held_.Append(std::move(data));
  const size_t size = data.size();
  ClientCodec* const codec = codec_;
  const int32_t id = id_;
  handler_->OnResponseData(std::move(data));
  nghttp2_session_consume_stream(codec->session_.get(), id, size);
}

void ClientStream::OnEnd() {
  if (body_left_.value_or(0) > 0) return RejectLength();
  end_received_ = true;
  if (!paused_ && held_.empty()) End(nullptr);
}

void ClientStream::Continue() {
  if (deferred_ != nullptr && handler_ != nullptr) return SubmitDeferred();
  if (drained_) {
    drained_ = false;
    if (handler_ != nullptr) handler_->OnRequestDrained();
  }
  while (handler_ != nullptr && !paused_ && !held_.empty()) {
    buffer::Slice data = held_.TakeFront(held_.size());
    nghttp2_session_consume_stream(codec_->session_.get(), id_, data.size());
    handler_->OnResponseData(std::move(data));
  }
  if (handler_ == nullptr || paused_ || !held_.empty() || !end_received_ || response_ended_) return;
  End(response_trailers_ == nullptr ? nullptr : &response_trailers_->list());
}

void ClientStream::End(const FieldList* trailers) {
  response_ended_ = true;
  if (tunnel_) return handler_->OnResponseEnd(nullptr);  // the other direction may go on
  std::exchange(handler_, nullptr)->OnResponseEnd(trailers);
}

void ClientStream::OnClose(uint32_t code, std::string_view fault) {
  id_ = 0;
  pending_.Clear();
  if (handler_ == nullptr) return codec_->Detach(this);
  if (code == NGHTTP2_REFUSED_STREAM && !heard_) {
    ++codec_->refusals_;
    return Fail(ServerError::kNotProcessed, "the server refused the stream, and has not processed the request");
  }
  // The response is whole. What was held back of it is still to be told.
  if (end_received_ && (!tunnel_ || (request_sent_ && code == NGHTTP2_NO_ERROR))) return;
  if (!reset_by_server_) return Fail(ServerError::kMalformed, fault);
  Fail(ServerError::kReset, std::string("the server reset the stream: ") + nghttp2_http2_strerror(code));
}

void ClientStream::OnConnectionLost(ServerError error, std::string_view detail) {
  if (handler_ == nullptr) return codec_->Detach(this);
  if (error == ServerError::kClosedBeforeResponse && heard_) error = ServerError::kTruncated;
  Fail(error, detail);
}

void ClientStream::Fail(ServerError error, std::string_view detail) {
  ClientStreamHandler* const handler = std::exchange(handler_, nullptr);
  held_.Clear();
  pending_.Clear();
  codec_->Detach(this);
  handler->OnServerError(error, detail);
}

void ClientStream::RejectLength() {
  Reject(NGHTTP2_PROTOCOL_ERROR, "the response's body is not as long as its content-length");
}

void ClientStream::Reject(uint32_t code, std::string_view reason) {
  codec_->ResetStream(this, code);
  Fail(ServerError::kMalformed, reason);
}

}  // namespace fairlead::http::h2
