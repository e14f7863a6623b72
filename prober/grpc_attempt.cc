#include "prober/grpc_attempt.h"

#include <utility>

#include "api/yaml/concat.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/head_limits.h"

namespace fairlead::prober {

GrpcAttempt::GrpcAttempt(event::Loop* loop, const net::Address& address, std::shared_ptr<const CheckSettings> owner,
                         std::string authority, OnOutcome on_outcome)
    : ConnectionAttempt(loop, owner->tls, std::move(on_outcome)),
      owner_(std::move(owner)),
      settings_(std::get<GrpcSettings>(owner_->kind)),
      request_(api::Concat("POST /grpc.health.v1.Health/Check HTTP/1.1\r\nHost: ",
                           settings_.authority.empty() ? authority : settings_.authority,
                           "\r\nTE: trailers\r\nContent-Type: application/grpc\r\nUser-Agent: fairlead_prober\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n")) {
  Connect(address);
}

void GrpcAttempt::OnOpen() {
  if (owner_->tls != nullptr && protocol() != "h2") return Finish(false, "TLS: no HTTP/2 (ALPN h2) there");
  // The head is written as for HTTP/1, since its parser is the way to have one.
  constexpr http::HeadLimits kLimits{};
  http::h1::RequestParser parser(&kLimits);
  http::RequestHead head;
  if (parser.Parse(request_, &head).outcome != http::h1::ParseResult::Outcome::kDone) {
    return Finish(false, "not checked: its address can't stand in :authority");
  }
  http::h2::ClientSettings settings;
  settings.scheme = owner_->tls != nullptr ? "https" : "http";
  http::h2::ClientCodecHost* const host = this;
  codec_.emplace(host, settings);
  ResumeReceive();
  stream_.Begin(&*codec_, this, this);
  const http::HeadEdits no_edits;
  stream_.SendHead(head, no_edits);
  buffer::Queue body;
  body.Append(MakeHealthRequest(settings_.service), loop().blocks());
  for (buffer::Slice& slice : body.TakeSlices()) stream_.SendData(std::move(slice));
  stream_.SendEnd(nullptr);
  touched_ = true;
}

void GrpcAttempt::OnEnd(int error) {
  codec_->ReceiveEnd(error);
  OnCallbackEnd();
  Finish(false, "closed without a response");
}

void GrpcAttempt::OnCallbackEnd() {
  while (!finished() && std::exchange(touched_, false)) codec_->Continue();
  if (codec_.has_value() && codec_->broken()) Finish(false, "no HTTP/2");
}

void GrpcAttempt::ReadFields(const http::FieldList& fields) {
  for (const http::FieldList::Field& field : fields) {
    if (fields.name(field) == "grpc-status") response_.grpc_status = fields.value(field);
    if (fields.name(field) == "grpc-message") response_.grpc_message = fields.value(field);
  }
}

void GrpcAttempt::OnResponseHead() {
  response_.http_status = head_.status;
  // A response that is nothing but trailers has them in its head.
  ReadFields(head_.fields);
}

void GrpcAttempt::OnResponseData(buffer::Slice data) {
  if (response_.body.size() + data.size() > kMaxBody) return Finish(false, "no gRPC: the response is too long");
  response_.body += data.view();
}

void GrpcAttempt::OnResponseEnd(const http::FieldList* trailers) {
  if (trailers != nullptr) ReadFields(*trailers);
  const Outcome outcome = JudgeHealthResponse(response_);
  Finish(outcome.success, outcome.reason);
}

void GrpcAttempt::OnServerError(http::ServerError error, std::string_view detail) {
  if (error == http::ServerError::kMalformed) return Finish(false, api::Concat("no HTTP/2: ", detail));
  if (error == http::ServerError::kClosedBeforeResponse) return Finish(false, "closed without a response");
  Finish(false, api::Concat("response: ", detail));
}

}  // namespace fairlead::prober
