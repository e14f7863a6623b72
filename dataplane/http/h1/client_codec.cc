#include "dataplane/http/h1/client_codec.h"

#include <utility>

#include "dataplane/http/h1/serializer.h"
#include "dataplane/http/h1/upgrade.h"
#include "dataplane/http/h1/write_to.h"

namespace fairlead::http::h1 {

void ClientCodec::Begin(ClientStreamHandler* handler) {
  handler_ = handler;
  handler_->response_head().Clear();
  state_ = State::kHead;
  informational_ = 0;
  request_ended_ = false;
  body_paused_ = false;
}

void ClientCodec::Abandon() {
  handler_ = nullptr;
  state_ = State::kBroken;
  pending_ = {};
}

void ClientCodec::SendHead(const RequestHead& head, const HeadEdits& edits) {
  method_ = head.method;
  request_framing_ = head.framing;
  expects_continue_ = head.expects_continue;
  upgrade_ = edits.upgrade;
  WriteTo(host_->output(), host_->blocks(), MaxRequestHeadSize(head, edits),
          [&](char* out) { return WriteRequestHead(head, edits, out); });
  host_->Touch();
}

void ClientCodec::SendData(buffer::Slice data) {
  buffer::Queue& output = host_->output();
  if (request_framing_ == BodyFraming::kStreamed) {
    WriteTo(output, host_->blocks(), kMaxChunkHeaderSize,
            [&](char* out) { return WriteChunkHeader(data.size(), out); });
    output.Append(std::move(data));
    output.Append(kChunkEnd, host_->blocks());
  } else {
    output.Append(std::move(data));
  }
  host_->Touch();
}

void ClientCodec::SendEnd(const FieldList* trailers) {
  request_ended_ = true;
  if (state_ == State::kTunnel) return host_->ShutdownAfterOutput();
  if (request_framing_ != BodyFraming::kStreamed) return;
  buffer::Queue& output = host_->output();
  if (trailers == nullptr) {
    output.Append(kLastChunk, host_->blocks());
  } else {
    WriteTo(output, host_->blocks(), MaxLastChunkSize(*trailers),
            [&](char* out) { return WriteLastChunk(*trailers, out); });
  }
  host_->Touch();
}

void ClientCodec::Receive(buffer::Slice bytes) {
  switch (state_) {
    case State::kIdle:
      state_ = State::kBroken;  // an answer that nobody asked for
      return;
    case State::kHead:
      return ReceiveHead(std::move(bytes));
    case State::kBody:
      if (body_paused_) {
        pending_ = std::move(bytes);
        return host_->PauseReceive();
      }
      return ReceiveBody(std::move(bytes));
    case State::kTunnel:
      if (!body_paused_) return handler_->OnResponseData(std::move(bytes));
      pending_ = std::move(bytes);
      return host_->PauseReceive();
    case State::kBroken:
      return;
  }
}

void ClientCodec::ReceiveHead(buffer::Slice bytes) {
  head_bytes_.Append(std::move(bytes));
  ResponseHead& head = handler_->response_head();
  ParseResult result = parser_.Parse(head_bytes_.view(), method_, &head);
  if (result.outcome == ParseResult::Outcome::kNeedMore) return;
  if (result.outcome == ParseResult::Outcome::kError) return Fail(ServerError::kMalformed, result.reason);
  buffer::Slice rest = head_bytes_.TakeRest(result.head_size);

  const bool makes_tunnel = head.status == 101 || (method_ == Method::kConnect && head.status / 100 == 2);
  if (makes_tunnel) {
    if (const char* reason = WhyNoTunnel(head)) return Fail(ServerError::kMalformed, reason);
    return BeginTunnel(std::move(rest));
  }
  if (head.status < 200) {
    if (++informational_ > kMaxInformational) return Fail(ServerError::kMalformed, "too many interim responses");
    // A client that did not ask for 100 need not see it (RFC 9110 §15.2.1).
    if (head.status != 100 || expects_continue_) handler_->OnInformational();
    if (state_ != State::kHead) return;
    head_bytes_.Clear();
    parser_.Reset();
    head.Clear();
    if (!rest.empty()) ReceiveHead(std::move(rest));
    return;
  }

  keep_alive_ = head.keep_alive;
  const bool body_follows = head.framing != BodyFraming::kNone;
  state_ = State::kBody;
  body_.Start(head.framing, head.content_length);
  handler_->OnResponseHead();
  if (state_ != State::kBody) return;
  if (!body_follows) return End(nullptr, !rest.empty());
  if (!rest.empty()) Receive(std::move(rest));
}

const char* ClientCodec::WhyNoTunnel(const ResponseHead& head) const {
  if (head.status == 101 && upgrade_.empty()) return "101 without an upgrade";
  if (head.status == 101 && !ConfirmsUpgrade(head, upgrade_)) return "101 to another protocol than was asked for";
  // The request's rest would be taken for the protocol's first bytes.
  if (!request_ended_) return "101 before the request was whole";
  return nullptr;
}

void ClientCodec::BeginTunnel(buffer::Slice rest) {
  ResponseHead& head = handler_->response_head();
  head.framing = BodyFraming::kTunnel;
  // A tunnel may stand for days, and its head be asked for at its end.
  head_bytes_.Compact();
  head.SetBase(head_bytes_.view().data());
  request_framing_ = BodyFraming::kTunnel;
  request_ended_ = response_ended_ = false;
  state_ = State::kTunnel;
  handler_->OnResponseHead();
  if (state_ == State::kTunnel && !rest.empty()) Receive(std::move(rest));
}

void ClientCodec::ReceiveBody(buffer::Slice bytes) {
  FieldList trailers;
  while (state_ == State::kBody) {
    BodyDecoder::Step step = body_.Next(&bytes, &trailers);
    switch (step.kind) {
      case BodyDecoder::Kind::kError:
        return Fail(ServerError::kMalformed, step.reason);
      case BodyDecoder::Kind::kNeedMore:
        return;
      case BodyDecoder::Kind::kData:
        handler_->OnResponseData(std::move(step.data));
        if (state_ == State::kBody && body_paused_ && !bytes.empty()) {
          pending_ = std::move(bytes);
          return;
        }
        break;
      case BodyDecoder::Kind::kEnd:
        End(trailers.empty() ? nullptr : &trailers, !bytes.empty());
        body_.Clear();
        return;
    }
  }
}

void ClientCodec::End(const FieldList* trailers, bool left_over) {
  state_ = keep_alive_ && request_ended_ && !left_over && host_->output().empty() ? State::kIdle : State::kBroken;
  if (state_ == State::kIdle) {
    head_bytes_.Clear();
    parser_.Reset();
  }
  std::exchange(handler_, nullptr)->OnResponseEnd(trailers);
}

void ClientCodec::ReceiveEnd(int error) {
  if (state_ == State::kTunnel) {
    if (error != 0) return Fail(ServerError::kTruncated, "the server broke the tunnel off");
    response_ended_ = true;
    return handler_->OnResponseEnd(nullptr);
  }
  const State state = std::exchange(state_, State::kBroken);
  if (handler_ == nullptr) return;
  if (state == State::kBody && body_.ends_with_connection() && error == 0) {
    keep_alive_ = false;
    return End(nullptr, false);
  }
  if (state == State::kHead && head_bytes_.empty() && informational_ == 0) {
    return Fail(ServerError::kClosedBeforeResponse, "the server closed the connection before it answered");
  }
  Fail(ServerError::kTruncated, "the server closed the connection within its response");
}

void ClientCodec::Fail(ServerError error, std::string_view detail) {
  state_ = State::kBroken;
  pending_ = {};
  if (handler_ != nullptr) std::exchange(handler_, nullptr)->OnServerError(error, detail);
}

void ClientCodec::Continue() {
  if (pending_.empty() || body_paused_ || (state_ != State::kBody && state_ != State::kTunnel)) return;
  buffer::Slice bytes = std::move(pending_);
  pending_ = {};
  Receive(std::move(bytes));
}

void ClientCodec::OnSent() {
  if (handler_ != nullptr && !request_ended_ && host_->output().size() <= kLowWatermark) handler_->OnRequestDrained();
}

void ClientCodec::PauseBody() {
  if ((state_ != State::kBody && state_ != State::kTunnel) || body_paused_) return;
  body_paused_ = true;
  host_->PauseReceive();
}

void ClientCodec::ResumeBody() {
  if (!body_paused_) return;
  body_paused_ = false;
  host_->ResumeReceive();
  if (!pending_.empty()) host_->Touch();  // Continue
}

}  // namespace fairlead::http::h1
