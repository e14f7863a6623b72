#include "prober/http_attempt.h"

#include <algorithm>
#include <utility>

#include "api/yaml/concat.h"
#include "dataplane/http/ascii.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/head_limits.h"

namespace fairlead::prober {
namespace {

bool Matches(std::string_view value, const FieldMatch& match) {
  switch (match.kind) {
    case FieldMatch::Kind::kExact:
      return value == match.text;
    case FieldMatch::Kind::kPrefix:
      return value.starts_with(match.text);
    case FieldMatch::Kind::kRegex:
      return match.regex->MatchesWhole(value);
    case FieldMatch::Kind::kPresent:
    case FieldMatch::Kind::kAbsent:
      return true;
  }
  return false;
}

std::string Describe(const FieldMatch& match) {
  switch (match.kind) {
    case FieldMatch::Kind::kPresent:
      return "wanted";
    case FieldMatch::Kind::kAbsent:
      return "not wanted";
    case FieldMatch::Kind::kExact:
      return api::Concat("\"", match.text, "\" wanted");
    case FieldMatch::Kind::kPrefix:
      return api::Concat("\"", match.text, "…\" wanted");
    case FieldMatch::Kind::kRegex:
      return api::Concat("what matches ", match.regex->pattern(), " wanted");
  }
  return {};
}

}  // namespace

std::string FaultOfHead(const http::ResponseHead& head, const HttpSettings& settings) {
  const bool right = std::ranges::any_of(settings.statuses, [&](const StatusRange& range) {
    return range.first <= head.status && head.status <= range.last;
  });
  if (!right) return api::Concat("HTTP ", head.status, ", ", settings.statuses_text, " wanted");
  for (const FieldMatch& match : settings.fields) {
    const bool found = std::ranges::any_of(head.fields, [&](const http::FieldList::Field& field) {
      return http::EqualsIgnoreCase(head.fields.name(field), match.name) && Matches(head.fields.value(field), match);
    });
    if (found == (match.kind == FieldMatch::Kind::kAbsent)) {
      return api::Concat("HTTP ", head.status, ", field ", match.name, ": ", Describe(match));
    }
  }
  return {};
}

std::string FaultOfBody(std::string_view body, const HttpSettings& settings) {
  if (body.find(settings.body_contains) == std::string_view::npos) {
    return api::Concat("body: \"", settings.body_contains, "\" wanted");
  }
  if (settings.body_regex != nullptr && !settings.body_regex->MatchesWhole(body)) {
    return api::Concat("body: what matches ", settings.body_regex_text, " wanted");
  }
  return {};
}

HttpAttempt::HttpAttempt(event::Loop* loop, const net::Address& address, std::shared_ptr<const CheckSettings> owner,
                         std::string host, OnOutcome on_outcome)
    : ConnectionAttempt(loop, owner->tls, std::move(on_outcome)),
      owner_(std::move(owner)),
      settings_(std::get<HttpSettings>(owner_->kind)),
      request_(
          api::Concat(settings_.before_host, settings_.host.empty() ? host : settings_.host, settings_.after_host)) {
  Connect(address);
}

void HttpAttempt::OnOpen() {
  constexpr http::HeadLimits kLimits{};
  http::h1::RequestParser parser(&kLimits);
  http::RequestHead head;
  // The settings' own check has parsed it with another host.
  if (parser.Parse(request_, &head).outcome != http::h1::ParseResult::Outcome::kDone) {
    return Finish(false, "not checked: its address can't stand in Host");
  }
  codec_.Begin(this);
  ResumeReceive();
  const http::HeadEdits no_edits;
  codec_.SendHead(head, no_edits);
  codec_.SendEnd(nullptr);
}

void HttpAttempt::OnEnd(int error) {
  codec_.ReceiveEnd(error);
  if (!codec_.idle()) Finish(false, "closed");
}

void HttpAttempt::OnCallbackEnd() {
  while (!finished() && std::exchange(touched_, false)) codec_.Continue();
}

void HttpAttempt::OnResponseHead() {
  const std::string fault = FaultOfHead(head_, settings_);
  if (!fault.empty()) return Finish(false, fault);
  if (!settings_.wants_body()) Finish(true, api::Concat("HTTP ", head_.status));
}

void HttpAttempt::OnResponseData(buffer::Slice data) {
  if (finished()) return;
  body_.append(data.view().substr(0, kMaxBody - body_.size()));
  if (body_.size() == kMaxBody) JudgeBody();
}

void HttpAttempt::JudgeBody() {
  if (finished()) return;
  const std::string fault = FaultOfBody(body_, settings_);
  if (!fault.empty()) return Finish(false, api::Concat("HTTP ", head_.status, ", ", fault));
  Finish(true, api::Concat("HTTP ", head_.status));
}

void HttpAttempt::OnServerError(http::ServerError error, std::string_view detail) {
  switch (error) {
    case http::ServerError::kMalformed:
      return Finish(false, api::Concat("no HTTP: ", detail));
    case http::ServerError::kClosedBeforeResponse:
      return Finish(false, "closed without a response");
    default:
      return Finish(false, api::Concat("response: ", detail));
  }
}

}  // namespace fairlead::prober
