#include "dataplane/http/h1/server_codec.h"

#include <utility>

#include "dataplane/http/error_body.h"
#include "dataplane/http/h1/error_response.h"
#include "dataplane/http/h1/fixed_response.h"
#include "dataplane/http/h1/serializer.h"
#include "dataplane/http/h1/write_to.h"

namespace fairlead::http::h1 {

void ServerCodec::Receive(buffer::Slice bytes) {
  switch (state_) {
    case State::kIdle:
    case State::kHead:
      return ReceiveHead(std::move(bytes));
    case State::kBody:
      return body_paused_ ? Postpone(std::move(bytes)) : ReceiveBody(std::move(bytes));
    case State::kReceived:
      return Postpone(std::move(bytes));
    case State::kTunnel:
      return body_paused_ ? Postpone(std::move(bytes)) : handler_->OnRequestData(std::move(bytes));
    case State::kClosing:
      return;
  }
}

void ServerCodec::Postpone(buffer::Slice bytes) {
  // Only what came with the bytes before: the connection delivers nothing more until ResumeReceive.
  pending_ = std::move(bytes);
  host_->PauseReceive();
}

void ServerCodec::ReceiveHead(buffer::Slice bytes) {
  if (state_ == State::kIdle) {
    state_ = State::kHead;
    handler_ = host_->OnStreamBegin(this);
    handler_->request_head().Clear();
  }
  head_bytes_.Append(std::move(bytes));
  RequestHead& head = handler_->request_head();
  ParseResult result = parser_.Parse(head_bytes_.view(), &head);
  if (result.outcome == ParseResult::Outcome::kNeedMore) return;
  if (result.outcome == ParseResult::Outcome::kError) {
    host_->OnRequestRefused(result.status, result.reason, result.limit);
    return Refuse(result.status, result.reason);
  }

  buffer::Slice rest = head_bytes_.TakeRest(result.head_size);
  method_ = head.method;
  minor_version_ = head.minor_version;
  keep_alive_ = head.keep_alive;
  head_sent_ = false;
  sending_ended_ = false;
  body_paused_ = false;
  const bool body_follows = head.framing != BodyFraming::kNone;
  state_ = body_follows ? State::kBody : State::kReceived;
  if (body_follows) body_.Start(head.framing, head.content_length);
  handler_->OnRequestHead(body_follows);
  if (rest.empty()) return;
  if (state_ != State::kIdle) return Receive(std::move(rest));
  // Answered already. The next request is for Continue, lest a thousand of them need a stack for each.
  Postpone(std::move(rest));
  host_->Touch();
}

void ServerCodec::ReceiveBody(buffer::Slice bytes) {
  FieldList trailers;
  while (state_ == State::kBody) {
    BodyDecoder::Step step = body_.Next(&bytes, &trailers);
    switch (step.kind) {
      case BodyDecoder::Kind::kError: {
        const uint16_t status = step.limit == RequestLimit::kTrailers ? 431 : 400;
        if (!head_sent_) host_->OnRequestRefused(status, step.reason, step.limit);
        return Refuse(status, step.reason);
      }
      case BodyDecoder::Kind::kNeedMore:
        return;
      case BodyDecoder::Kind::kData:
        if (handler_ == nullptr) {
          if (step.data.size() > discardable_) return CloseAfterResponse();
          discardable_ -= step.data.size();
          break;
        }
        handler_->OnRequestData(std::move(step.data));
        // Without bytes the loop goes on: the body may have ended with these.
        if (state_ == State::kBody && body_paused_ && !bytes.empty()) return Postpone(std::move(bytes));
        break;
      case BodyDecoder::Kind::kEnd:
        state_ = State::kReceived;
        // There is nothing left to hold back, but a client that leaves is to be noticed.
        if (body_paused_) host_->ResumeReceive();
        body_paused_ = false;
        if (!bytes.empty()) Postpone(std::move(bytes));
        if (handler_ == nullptr) {
          FinishExchange();
        } else {
          handler_->OnRequestEnd(trailers.empty() ? nullptr : &trailers);
        }
        body_.Clear();
        return;
    }
  }
}

bool ServerCodec::ReceiveEnd() {
  client_ended_ = true;
  switch (state_) {
    case State::kIdle:
      return false;
    case State::kHead:
    case State::kBody:
      if (handler_ != nullptr) std::exchange(handler_, nullptr)->OnStreamError(ClientError::kDisconnected);
      state_ = State::kClosing;
      if (head_sent_ && !discarding()) host_->CloseNow();  // a response that its handler can't end any more
      return false;
    case State::kTunnel:
      if (!sending_ended_) {
        handler_->OnRequestEnd(nullptr);
        return true;
      }
      state_ = State::kClosing;
      std::exchange(handler_, nullptr)->OnRequestEnd(nullptr);
      return false;
    case State::kReceived:
      if (handler_ != nullptr) handler_->OnClientEnd();
      return true;  // a client may close its side after its request and still read (RFC 9112 §9.6)
    case State::kClosing:
      return true;
  }
  return false;
}

void ServerCodec::ConnectionLost(ClientError error) {
  state_ = State::kClosing;
  pending_ = {};
  if (handler_ != nullptr) std::exchange(handler_, nullptr)->OnStreamError(error);
}

void ServerCodec::Continue() {
  if (end_due_) {
    end_due_ = false;
    if (!ReceiveEnd()) return host_->CloseAfterOutput();
  }
  if (pending_.empty() || state_ == State::kReceived || state_ == State::kClosing) return;
  if (held_ || body_paused_) return;
  buffer::Slice bytes = std::move(pending_);
  pending_ = {};
  Receive(std::move(bytes));
  if (pending_.empty() && !body_paused_ && !held_ && state_ != State::kClosing) host_->ResumeReceive();
}

void ServerCodec::OnSent() {
  if (host_->output().size() > ServerCodecHost::kLowWatermark) return;
  if (handler_ != nullptr && head_sent_) handler_->OnResponseDrained();
  if (!held_) return;
  held_ = false;
  if (pending_.empty()) {
    host_->ResumeReceive();
  } else {
    host_->Touch();  // Continue
  }
}

void ServerCodec::RequestTimeout(const char* reason) {
  if (discarding()) return CloseAfterResponse();
  if (!head_sent_) host_->OnRequestRefused(408, reason, RequestLimit::kNone);
  Refuse(408, reason);
}

void ServerCodec::Refuse(uint16_t status, const char* reason) {
  const bool can_answer = !head_sent_;
  const bool was_discarding = discarding();
  if (state_ == State::kHead) {
    // No handler has heard of this request: its version is not known to be any but the lowest.
    minor_version_ = 1;
    method_ = Method::kOther;
  }
  state_ = State::kClosing;
  pending_ = {};
  if (handler_ != nullptr) {
    handler_->OnRefused(can_answer ? status : 0, reason);
    std::exchange(handler_, nullptr)->OnStreamError(ClientError::kMalformed);
  }
  if (was_discarding) return host_->CloseAfterOutput();
  if (!can_answer) return host_->CloseNow();
  WriteError(status, reason, /*keep_alive=*/false, /*edits=*/nullptr);
  host_->CloseAfterOutput();
}

bool ServerCodec::WillKeepAlive(uint16_t status) const {
  if (!keep_alive_ || draining_ || client_ended_) return false;
  // Behind a CONNECT that was refused may come bytes of the tunnel that the client thought would stand. They are no
  // requests, whoever wrote them.
  if (method_ == Method::kConnect) return false;
  // A request whose body is still coming may end before its response does; behind an error nobody will read the rest.
  return state_ == State::kReceived || (state_ == State::kBody && status < 400);
}

void ServerCodec::SendInformational(const ResponseHead& head) {
  if (minor_version_ == 0) return;  // RFC 9110 §15.2
  const ResponseOptions options{.request_method = method_};
  WriteTo(host_->output(), host_->blocks(), MaxResponseHeadSize(head, options),
          [&](char* out) { return WriteResponseHead(head, options, out); });
  host_->Touch();
}

void ServerCodec::SendHead(const ResponseHead& head, const HeadEdits& edits) {
  response_framing_ = FramingForClient(head.framing, minor_version_);
  keep_alive_ = WillKeepAlive(head.status) && response_framing_ != BodyFraming::kUntilClose;
  const ResponseOptions options{.request_method = method_,
                                .client_minor_version = minor_version_,
                                .keep_alive = keep_alive_,
                                .date = host_->date(),
                                .edits = &edits.fields,
                                .upgrade = edits.upgrade};
  WriteTo(host_->output(), host_->blocks(), MaxResponseHeadSize(head, options),
          [&](char* out) { return WriteResponseHead(head, options, out); });
  head_sent_ = true;
  host_->OnResponse(head.status);
  host_->Touch();
  if (response_framing_ == BodyFraming::kTunnel) BeginTunnel();
}

void ServerCodec::BeginTunnel() {
  state_ = State::kTunnel;
  // A tunnel may stand for days, and its head be asked for at its end.
  head_bytes_.Compact();
  handler_->request_head().SetBase(head_bytes_.view().data());
  // What came too early is read in Continue; more may come then.
  if (pending_.empty()) host_->ResumeReceive();
  end_due_ = client_ended_;
}

void ServerCodec::SendData(buffer::Slice data) {
  buffer::Queue& output = host_->output();
  if (response_framing_ == BodyFraming::kStreamed) {
    WriteTo(output, host_->blocks(), kMaxChunkHeaderSize,
            [&](char* out) { return WriteChunkHeader(data.size(), out); });
    output.Append(std::move(data));
    output.Append(kChunkEnd, host_->blocks());
  } else {
    output.Append(std::move(data));
  }
  host_->Touch();
}

void ServerCodec::SendEnd(const FieldList* trailers) {
  if (state_ == State::kTunnel) {
    sending_ended_ = true;
    if (!client_ended_ || end_due_) return host_->ShutdownAfterOutput();
    handler_ = nullptr;
    return CloseAfterResponse();
  }
  if (response_framing_ == BodyFraming::kStreamed) {
    buffer::Queue& output = host_->output();
    if (trailers == nullptr) {
      output.Append(kLastChunk, host_->blocks());
    } else {
      WriteTo(output, host_->blocks(), MaxLastChunkSize(*trailers),
              [&](char* out) { return WriteLastChunk(*trailers, out); });
    }
  }
  handler_ = nullptr;
  FinishExchange();
}

void ServerCodec::SendError(uint16_t status, std::string_view detail, const HeadEdits& edits) {
  handler_ = nullptr;
  keep_alive_ = WillKeepAlive(status);
  WriteError(status, detail, keep_alive_, &edits.fields);
  FinishExchange();
}

void ServerCodec::SendFixed(uint16_t status, std::string_view body, const HeadEdits& edits) {
  handler_ = nullptr;
  keep_alive_ = WillKeepAlive(status);
  const FixedResponse response{.status = status,
                               .body_size = body.size(),
                               .request_method = method_,
                               .client_minor_version = minor_version_,
                               .keep_alive = keep_alive_,
                               .date = host_->date(),
                               .edits = &edits.fields};
  WriteTo(host_->output(), host_->blocks(), MaxFixedHeadSize(response),
          [&](char* out) { return WriteFixedHead(response, out); });
  if (HasBody(response)) host_->output().Append(body, host_->blocks());
  head_sent_ = true;
  host_->OnResponse(status);
  FinishExchange();
}

size_t ServerCodec::ErrorBodySize(uint16_t status, std::string_view detail) const {
  return method_ == Method::kHead ? 0 : http::ErrorBodySize(status, detail);
}

void ServerCodec::WriteError(uint16_t status, std::string_view detail, bool keep_alive, const FieldEdits* edits) {
  const ErrorResponse response{.status = status,
                               .detail = detail,
                               .request_method = method_,
                               .client_minor_version = minor_version_,
                               .keep_alive = keep_alive,
                               .date = host_->date(),
                               .edits = edits};
  WriteTo(host_->output(), host_->blocks(), MaxErrorResponseSize(response),
          [&](char* out) { return WriteErrorResponse(response, out); });
  head_sent_ = true;
  host_->OnResponse(status);
  host_->Touch();
}

void ServerCodec::Abort() {
  const bool ended_in_order = state_ == State::kTunnel && sending_ended_;
  handler_ = nullptr;
  state_ = State::kClosing;
  pending_ = {};
  if (ended_in_order) return host_->CloseAfterOutput();
  // Where the framing shows that something is missing the client may have all there is; else only a reset tells.
  if (head_sent_ && (response_framing_ == BodyFraming::kContentLength || response_framing_ == BodyFraming::kStreamed)) {
    return host_->CloseAfterOutput();
  }
  host_->CloseNow();
}

void ServerCodec::FinishExchange() {
  host_->Touch();
  if (keep_alive_ && !client_ended_ && state_ == State::kBody) {
    // An early answer: what is left of the request is read and dropped, if it is not too much (RFC 9112 §9.3).
    discardable_ = kMaxDiscarded;
    return ResumeBody();
  }
  if (!keep_alive_ || client_ended_ || state_ != State::kReceived) return CloseAfterResponse();
  state_ = State::kIdle;
  head_bytes_.Clear();
  parser_.Reset();
  head_sent_ = false;
  // A client that sends requests without reading responses has to read first.
  held_ = host_->output().size() >= ServerCodecHost::kHighWatermark;
  if (held_) return host_->PauseReceive();
  // Bytes of the next request that are here already are read in Continue; more may come then.
  if (pending_.empty()) host_->ResumeReceive();
}

void ServerCodec::CloseAfterResponse() {
  state_ = State::kClosing;
  pending_ = {};
  host_->CloseAfterOutput();
}

void ServerCodec::PauseBody() {
  if ((state_ != State::kBody && state_ != State::kTunnel) || body_paused_) return;
  body_paused_ = true;
  host_->PauseReceive();
}

void ServerCodec::ResumeBody() {
  if (!body_paused_) return;
  body_paused_ = false;
  if (state_ != State::kBody && state_ != State::kTunnel) return;
  host_->ResumeReceive();
  if (!pending_.empty()) host_->Touch();  // Continue
}

}  // namespace fairlead::http::h1
