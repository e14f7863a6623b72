#include "dataplane/proxy/head_editor.h"

#include "dataplane/http/h1/upgrade.h"
#include "dataplane/proxy/route_actions.h"
#include "dataplane/proxy/websocket.h"

namespace fairlead::proxy {
namespace {

// What Allow says of a host without CONNECT (RFC 9110 §10.2.1).
constexpr std::string_view kMethodsBesidesConnect = "GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE, PATCH";

}  // namespace

const char* HeadEditor::NormalizePath(const http::PathNormalization& rules, http::RequestHead* request) {
  if (!request->target_text().starts_with('/')) return nullptr;  // "*", CONNECT's authority, or a query alone
  const http::NormalizedPath result = http::NormalizePath(request->target_text(), rules, &normalized_target_);
  if (result.outcome == http::NormalizedPath::Outcome::kChanged) request->ReplaceTarget(normalized_target_);
  return result.reason;
}

bool HeadEditor::Rewrite(const config::Rewrite& rewrite, const http::RequestHead& request) {
  return WriteTarget(rewrite, request, request.path(), &own_text_);
}

const http::HeadEdits& HeadEditor::EditRequest(const http::RequestHead& request, const config::RouteRule& rule,
                                               std::string_view default_host, std::string_view grpc_timeout,
                                               load_balancing::Random& random) {
  request_edits_.Clear();
  if (request.authority.size == 0) request_edits_.host = default_host;
  forwarder_.EditRequest(request, random, &request_edits_.fields);
  if (!grpc_timeout.empty()) request_edits_.fields.Set("grpc-timeout", grpc_timeout);
  if (request.connection_upgrade && request.method != http::Method::kConnect) {
    request_edits_.upgrade = http::h1::FindUpgrade(request.fields, rule.upgrades);
    if (request.extended_connect && IsWebSocket(request_edits_.upgrade)) {
      // For a server of HTTP/1.1. One of HTTP/2 does not get to see it.
      websocket_text_ = MakeWebSocketKey(random);
      request_edits_.fields.Set("Sec-WebSocket-Key", websocket_text_);
    }
  }
  if (rule.rewrite != nullptr) {
    request_edits_.target = own_text_;
    if (!rule.rewrite->host.empty()) request_edits_.host = rule.rewrite->host;
  }
  if (rule.request_headers != nullptr) AppendChanges(*rule.request_headers, &request_edits_.fields);
  if (forwarder_.is_early()) request_edits_.fields.Set("Early-Data", "1");  // RFC 8470 §5.1
  return request_edits_;
}

const http::HeadEdits& HeadEditor::EditResponse(const http::RequestHead& request, const config::RouteRule& rule,
                                                const http::ResponseHead& response, load_balancing::Random& random) {
  response_edits_.Clear();
  if (response.framing == http::BodyFraming::kTunnel) {
    response_edits_.upgrade = request_edits_.upgrade;
    if (response.http2 && !request.extended_connect && IsWebSocket(request_edits_.upgrade)) {
      websocket_text_ = WebSocketAccept(FindOnlyValue(request.fields, "sec-websocket-key"));
      response_edits_.fields.Set("Sec-WebSocket-Accept", websocket_text_);
    }
  } else if (response.status == 426) {
    response_edits_.upgrade = http::h1::FindUpgrade(response.fields, rule.upgrades);
  }
  forwarder_.EditResponse(request, &response, random, &response_edits_.fields);
  if (rule.response_headers != nullptr) AppendChanges(*rule.response_headers, &response_edits_.fields);
  return response_edits_;
}

const char* HeadEditor::WhyNoTunnel(const http::RequestHead& request, const http::ResponseHead& response) const {
  if (response.framing != http::BodyFraming::kTunnel) {
    return response.status / 100 == 2 ? "the server did not change to the protocol that was asked for" : nullptr;
  }
  if (response.http2 || !request.extended_connect || !IsWebSocket(request_edits_.upgrade)) return nullptr;
  const bool confirmed = FindOnlyValue(response.fields, "sec-websocket-accept") == WebSocketAccept(websocket_text_);
  return confirmed ? nullptr : "the server's Sec-WebSocket-Accept is not for the key that it was sent";
}

const http::HeadEdits* HeadEditor::EditAnswer(const http::RequestHead& request, const config::RouteRule& rule,
                                              load_balancing::Random& random) {
  response_edits_.Clear();
  if (rule.redirect != nullptr) {
    if (!WriteLocation(*rule.redirect, request, request.path(), forwarder_.scheme(), &own_text_)) return nullptr;
    response_edits_.fields.Set("Location", own_text_);
  } else if (!rule.respond->body.empty()) {
    response_edits_.fields.Set("Content-Type", rule.respond->content_type);
  }
  forwarder_.EditResponse(request, nullptr, random, &response_edits_.fields);
  if (rule.response_headers != nullptr) AppendChanges(*rule.response_headers, &response_edits_.fields);
  return &response_edits_;
}

const http::HeadEdits& HeadEditor::EditCallReply(const http::RequestHead& request, grpc::Status status,
                                                 std::string_view detail, load_balancing::Random& random) {
  constexpr std::string_view kNumbers[] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                           "9", "10", "11", "12", "13", "14", "15", "16"};
  own_text_ = grpc::EncodeMessage(detail);
  response_edits_.Clear();
  response_edits_.fields.Set("content-type", "application/grpc");
  response_edits_.fields.Set("grpc-status", kNumbers[static_cast<size_t>(status)]);
  response_edits_.fields.Set("grpc-message", own_text_);
  forwarder_.EditResponse(request, nullptr, random, &response_edits_.fields);
  return response_edits_;
}

const http::HeadEdits& HeadEditor::EditReply(const http::RequestHead& request, uint16_t status,
                                             load_balancing::Random& random) {
  response_edits_.Clear();
  forwarder_.EditResponse(request, nullptr, random, &response_edits_.fields);
  if (status == 405) response_edits_.fields.Add("Allow", kMethodsBesidesConnect);
  return response_edits_;
}

}  // namespace fairlead::proxy
