#include "prober/http_settings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/yaml/scalars.h"
#include "dataplane/http/ascii.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/http/message.h"

namespace fairlead::prober {
namespace {

constexpr size_t kMaxText = 4'096;

std::optional<uint16_t> ParseStatus(std::string_view text) {
  const auto number = api::ParseUnsigned(text);
  if (text.size() != 3 || !number || *number < 100 || *number > 599) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

std::optional<StatusRange> ParseStatusRange(std::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<uint16_t> first = ParseStatus(text.substr(0, dash));
  const std::optional<uint16_t> last = dash == std::string_view::npos ? first : ParseStatus(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return StatusRange{*first, *last};
}

std::shared_ptr<const base::Regex> CompileRegex(const std::string& pattern, const CheckFaults& faults) {
  auto regex = base::Regex::Compile(pattern);
  if (regex.ok()) return *std::move(regex);
  faults.Add(std::string(regex.status().message()));
  return nullptr;
}

FieldMatch CompileField(const v1::HeaderMatch& match, const CheckFaults& faults) {
  FieldMatch field{.name = match.name()};
  if (match.name().empty()) faults.In("name").Add("required");
  const int ways = !match.exact().empty() + !match.prefix().empty() + !match.regex().empty() + match.absent();
  if (ways > 1) faults.Add("at most one of exact, prefix, regex and absent");
  if (match.absent()) field.kind = FieldMatch::Kind::kAbsent;
  if (!match.exact().empty()) field = {match.name(), FieldMatch::Kind::kExact, match.exact()};
  if (!match.prefix().empty()) field = {match.name(), FieldMatch::Kind::kPrefix, match.prefix()};
  if (!match.regex().empty()) {
    field.kind = FieldMatch::Kind::kRegex;
    field.regex = CompileRegex(match.regex(), faults.In("regex"));
  }
  return field;
}

// RFC 9110 §5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Visible characters of ASCII: nothing that would end a request line.
bool IsTarget(std::string_view text) {
  return text.starts_with('/') && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool FramesOrRoutes(std::string_view name) {
  const http::KnownField known = http::FindKnownField(name);
  return known != http::KnownField::kOther && known != http::KnownField::kDate && known != http::KnownField::kServer;
}

void CompileRequest(const v1::HttpCheck& check, const CheckFaults& faults, HttpSettings& settings) {
  const std::string method = check.method().empty() ? "GET" : check.method();
  const std::string path = check.path().empty() ? "/" : check.path();
  if (!IsToken(method)) faults.In("method").Add("no method: \"", method, "\"");
  if (method == "CONNECT") faults.In("method").Add("CONNECT makes a tunnel");
  if (!IsTarget(path)) {
    faults.In("path").Add("want \"/\" and visible characters of ASCII, not \"", path, "\"");
  }
  settings.before_host = api::Concat(method, " ", path, " HTTP/1.1\r\nHost: ");
  settings.host = check.host();
  if (!check.host().empty() && !IsAuthority(check.host())) {
    faults.In("host").Add("want a name or an address, with a port or without, not \"", check.host(), "\"");
  }
  settings.after_host = "\r\n";
  bool has_agent = false;
  for (int i = 0; i < check.headers_size(); ++i) {
    const v1::HttpHeader& header = check.headers(i);
    if (!IsToken(header.name())) {
      faults.At("headers", i).In("name").Add("no name of a field: \"", header.name(), "\"");
    } else if (FramesOrRoutes(header.name())) {
      faults.At("headers", i).In("name").Add(header.name(), " is not to be set; for Host there is `host`");
    }
    if (header.value().find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      faults.At("headers", i).In("value").Add("no value of a field");
    }
    if (http::EqualsIgnoreCase(header.name(), "user-agent")) has_agent = true;
    api::Append(settings.after_host, header.name(), ": ", header.value(), "\r\n");
  }
  if (!has_agent) settings.after_host += "User-Agent: fairlead_prober\r\n";
  settings.after_host += "Connection: close\r\n\r\n";
  // What is left to be found wrong, the parser of requests finds.
  const std::string request = api::Concat(settings.before_host, "a", settings.after_host);
  constexpr http::HeadLimits kLimits{};
  http::h1::RequestParser parser(&kLimits);
  http::RequestHead head;
  const http::h1::ParseResult result = parser.Parse(request, &head);
  if (result.outcome == http::h1::ParseResult::Outcome::kError) faults.Add("no request: ", result.reason);
  if (result.outcome == http::h1::ParseResult::Outcome::kDone && result.head_size != request.size()) {
    faults.Add("no request: it ends before its end");
  }
}

void CompileStatuses(const v1::HttpCheck& check, const CheckFaults& faults, HttpSettings& settings) {
  for (int i = 0; i < check.status_size(); ++i) {
    const std::optional<StatusRange> range = ParseStatusRange(check.status(i));
    if (!range) {
      faults.At("status", i).Add("want a status code or a range (\"204\", \"200-399\"), not \"", check.status(i), "\"");
      continue;
    }
    settings.statuses.push_back(*range);
  }
  settings.statuses_text = api::Join(check.status(), ", ");
  if (check.status_size() == 0) {
    settings.statuses = {{200, 399}};
    settings.statuses_text = "200-399";
  }
}

}  // namespace

bool IsAuthority(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=%:[]";
  return !text.empty() && text.size() <= 255 && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

HttpSettings CompileHttp(const v1::HttpCheck& check, const CheckFaults& faults) {
  HttpSettings settings;
  CompileRequest(check, faults, settings);
  CompileStatuses(check, faults, settings);
  for (int i = 0; i < check.response_headers_size(); ++i) {
    settings.fields.push_back(CompileField(check.response_headers(i), faults.At("response_headers", i)));
  }
  if (check.body_contains().size() > kMaxText) faults.In("body_contains").Add("at most ", kMaxText, " bytes");
  settings.body_contains = check.body_contains();
  settings.body_regex_text = check.body_regex();
  if (!check.body_regex().empty()) {
    settings.body_regex =
        CompileRegex(api::Concat("(?s:.*)(?:", check.body_regex(), ")(?s:.*)"), faults.In("body_regex"));
  }
  if (check.method() == "HEAD" && settings.wants_body()) faults.Add("a response to HEAD has no body to look at");
  return settings;
}

}  // namespace fairlead::prober
