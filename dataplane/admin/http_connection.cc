#include "dataplane/admin/http_connection.h"

#include <sys/uio.h>

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dataplane/http/h1/error_response.h"
#include "dataplane/http/h1/parse_result.h"
#include "dataplane/http/h1/serializer.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/reason_phrase.h"

namespace fairlead::admin {

namespace {

using http::BodyFraming;
using http::h1::ParseResult;

// An IMF-fixdate (RFC 9110 §5.6.7).
std::string Now() { return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()); }

}  // namespace

HttpConnection::HttpConnection(event::Loop* loop, event::Socket* socket, Answerer* answerer, OnEnd* on_end)
    : loop_(loop),
      answerer_(answerer),
      on_end_(on_end),
      socket_(socket),
      deadline_([](void* connection) { static_cast<HttpConnection*>(connection)->OnDeadline(); }, this) {
  loop_->timers().Schedule(&deadline_, kHeaderTimeoutMs);
  socket_->set_handler(this);
  socket_->ResumeReceive();
}

HttpConnection::~HttpConnection() { socket_->Close(output_.TakeSlices()); }

void HttpConnection::OnReceived(buffer::Slice bytes) {
  if (state_ == State::kLingering) return;
  if (input_.empty()) loop_->timers().Schedule(&deadline_, kHeaderTimeoutMs);
  input_.append(bytes.view());
  ReadRequest();
}

// Nobody is left to read an answer, or to send the rest of a request.
void HttpConnection::OnReceiveEnd(int) { (*on_end_)(this); }

void HttpConnection::OnSent(size_t sent, int error) {
  if (error != 0) {
    (*on_end_)(this);
    return;
  }
  output_.Consume(sent);
  SendMore();
}

void HttpConnection::OnDeadline() {
  if (state_ == State::kReading && !input_.empty()) {
    keep_alive_ = false;
    WriteError(408, "the request's head took too long");
    SendMore();
  } else {
    (*on_end_)(this);
  }
}

void HttpConnection::ReadRequest() {
  const ParseResult result = parser_.Parse(input_, &request_);
  switch (result.outcome) {
    case ParseResult::Outcome::kNeedMore:
      socket_->ResumeReceive();
      return;
    case ParseResult::Outcome::kError:
      keep_alive_ = false;
      WriteError(result.status, result.reason);
      break;
    case ParseResult::Outcome::kDone:
      keep_alive_ = request_.keep_alive && request_.framing == BodyFraming::kNone;
      BeginAnswer((*answerer_)(request_));
      input_.erase(0, result.head_size);
      parser_.Reset();
      break;
  }
  SendMore();
}

void HttpConnection::BeginAnswer(Answer answer) {
  if (answer.status >= 400) {
    WriteError(answer.status, answer.detail);
    return;
  }
  WriteHead(answer);
  if (request_.method == http::Method::kHead) return;
  output_.Append(answer.text, loop_->blocks());
  page_ = std::move(answer.page);
}

void HttpConnection::WriteError(uint16_t status, std::string_view detail) {
  const std::string date = Now();
  http::FieldEdits fields;
  http::h1::ErrorResponse response;
  response.status = status;
  response.detail = detail;
  response.request_method = request_.method;
  response.client_minor_version = request_.minor_version;
  response.keep_alive = keep_alive_;
  response.date = date;
  if (status == 405) fields.Add("Allow", kAllowedMethods);
  response.edits = &fields;
  char* out = output_.Reserve(http::h1::MaxErrorResponseSize(response), loop_->blocks());
  output_.Commit(static_cast<size_t>(http::h1::WriteErrorResponse(response, out) - out));
}

void HttpConnection::WriteHead(const Answer& answer) {
  const std::string_view phrase = http::ReasonPhrase(answer.status);
  http::ResponseHead head;
  head.status = answer.status;
  const char* phrase_bytes = phrase.data();
  head.SetBase(phrase_bytes);  // the only text in it
  head.reason = {.offset = 0, .size = static_cast<uint32_t>(phrase.size())};
  head.framing = answer.page != nullptr ? BodyFraming::kStreamed : BodyFraming::kContentLength;
  head.content_length = answer.text.size();
  page_framing_ = http::h1::FramingForClient(head.framing, request_.minor_version);
  if (page_framing_ == BodyFraming::kUntilClose) keep_alive_ = false;

  const std::string date = Now();
  http::FieldEdits fields;
  fields.Add("Content-Type", answer.content_type);
  fields.Add("Cache-Control", "no-store");
  http::h1::ResponseOptions options;
  options.request_method = http::Method::kGet;  // HEAD announces what GET would have (RFC 9110 §9.3.2)
  options.client_minor_version = request_.minor_version;
  options.keep_alive = keep_alive_;
  options.date = date;
  options.edits = &fields;
  char* out = output_.Reserve(http::h1::MaxResponseHeadSize(head, options), loop_->blocks());
  output_.Commit(static_cast<size_t>(http::h1::WriteResponseHead(head, options, out) - out));
}

void HttpConnection::WritePiece() {
  const std::string_view piece = page_->NextPiece();
  const bool chunked = page_framing_ == BodyFraming::kStreamed;
  if (piece.empty()) {
    page_.reset();
    if (chunked) output_.Append(http::h1::kLastChunk, loop_->blocks());
    return;
  }
  if (chunked) {
    char* out = output_.Reserve(http::h1::kMaxChunkHeaderSize, loop_->blocks());
    output_.Commit(static_cast<size_t>(http::h1::WriteChunkHeader(piece.size(), out) - out));
  }
  output_.Append(piece, loop_->blocks());
  if (chunked) output_.Append(http::h1::kChunkEnd, loop_->blocks());
}

void HttpConnection::SendMore() {
  if (output_.empty() && page_ != nullptr) WritePiece();
  if (output_.empty()) {
    FinishAnswer();
    return;
  }
  state_ = State::kAnswering;
  socket_->PauseReceive();
  loop_->timers().Schedule(&deadline_, kSendTimeoutMs);
  Send();
}

void HttpConnection::Send() {
  iovec pieces[event::Socket::kMaxIovecs];
  socket_->StartSend(pieces, output_.FillIovecs(pieces, event::Socket::kMaxIovecs));
}

void HttpConnection::FinishAnswer() {
  if (!keep_alive_) {
    // Closing at once, with bytes of the client unread, would reset the connection and could cost it the answer
    // (RFC 9112 §9.6).
    state_ = State::kLingering;
    socket_->ShutdownSend();
    socket_->ResumeReceive();
    loop_->timers().Schedule(&deadline_, kLingerMs);
    return;
  }
  state_ = State::kReading;
  if (input_.empty()) {
    std::string().swap(input_);
    loop_->timers().Schedule(&deadline_, kIdleTimeoutMs);
    socket_->ResumeReceive();
    return;
  }
  loop_->timers().Schedule(&deadline_, kHeaderTimeoutMs);
  ReadRequest();
}

}  // namespace fairlead::admin
