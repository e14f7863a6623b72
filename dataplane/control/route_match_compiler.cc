#include "dataplane/control/route_match_compiler.h"

#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/http_checks.h"
#include "dataplane/control/value_checks.h"

namespace fairlead::control {
namespace {

constexpr int kMaxConditions = 32;  // of each kind
constexpr size_t kMaxMethodBytes = 32;
constexpr size_t kMaxTextBytes = 4'096;

void CheckCount(int count, const Path& path, Violations& violations) {
  if (count > kMaxConditions) violations.Invalid(path, base::StrCat("more than ", kMaxConditions, ": ", count));
}

void CompilePath(const v1::RouteMatch& message, const Path& place, RegexCache& regexes, Violations& violations,
                 config::RouteMatch& match) {
  if (!message.path().empty() + !message.path_prefix().empty() + !message.path_regex().empty() > 1) {
    violations.Invalid(place, "more than one of path, path_prefix and path_regex; want at most one");
  }
  const auto take = [&](std::string_view field, const std::string& path, config::PathMatch kind) {
    if (path.empty()) return;
    CheckPathText(path, Path(place, field), violations);
    match.path_match = kind;
    match.path = path;
  };
  take("path", message.path(), config::PathMatch::kExact);
  take("path_prefix", message.path_prefix(), config::PathMatch::kPrefix);
  if (message.path_regex().empty()) return;
  match.path_match = config::PathMatch::kRegex;
  match.path_regex = regexes.Get(message.path_regex(), Path(place, "path_regex"), violations);
}

void CompileMethods(const v1::RouteMatch& message, const Path& place, Violations& violations,
                    config::RouteMatch& match) {
  CheckCount(message.methods_size(), Path(place, "methods"), violations);
  for (int i = 0; i < message.methods_size(); ++i) {
    const Path method_place(place, "methods", i);
    CheckToken(message.methods(i), method_place, violations);
    CheckLength(message.methods(i), kMaxMethodBytes, method_place, violations);
    match.methods.push_back(message.methods(i));
  }
}

config::HeaderMatch CompileHeader(const v1::HeaderMatch& message, const Path& place, RegexCache& regexes,
                                  Violations& violations) {
  using Kind = config::HeaderMatch::Kind;
  config::HeaderMatch header;
  CheckToken(message.name(), Path(place, "name"), violations);
  header.name = absl::AsciiStrToLower(message.name());
  if (!message.exact().empty() + !message.prefix().empty() + !message.regex().empty() + message.absent() > 1) {
    violations.Invalid(place, "more than one of exact, prefix, regex and absent; want at most one");
  }
  if (message.absent()) header.kind = Kind::kAbsent;
  if (!message.regex().empty()) {
    header.kind = Kind::kRegex;
    header.regex = regexes.Get(message.regex(), Path(place, "regex"), violations);
  }
  const auto take = [&](std::string_view field, const std::string& text, Kind kind) {
    if (text.empty()) return;
    CheckFieldValue(text, Path(place, field), violations);
    CheckLength(text, kMaxTextBytes, Path(place, field), violations);
    header.kind = kind;
    header.text = text;
  };
  take("exact", message.exact(), Kind::kExact);
  take("prefix", message.prefix(), Kind::kPrefix);
  return header;
}

config::QueryMatch CompileParameter(const v1::QueryMatch& message, const Path& place, RegexCache& regexes,
                                    Violations& violations) {
  using Kind = config::QueryMatch::Kind;
  config::QueryMatch parameter;
  if (message.name().empty()) violations.Invalid(Path(place, "name"), "missing; want the name of a parameter");
  CheckLength(message.name(), kMaxTextBytes, Path(place, "name"), violations);
  parameter.name = message.name();
  if (!message.exact().empty() && !message.regex().empty()) {
    violations.Invalid(place, "both exact and regex; want at most one");
  }
  if (!message.regex().empty()) {
    parameter.kind = Kind::kRegex;
    parameter.regex = regexes.Get(message.regex(), Path(place, "regex"), violations);
  } else if (!message.exact().empty()) {
    CheckLength(message.exact(), kMaxTextBytes, Path(place, "exact"), violations);
    parameter.kind = Kind::kExact;
    parameter.text = message.exact();
  }
  return parameter;
}

std::shared_ptr<const config::ClientCertificateMatch> CompileClientCertificate(
    const v1::ClientCertificateMatch& message, const Path& place, Violations& violations) {
  auto match = std::make_shared<config::ClientCertificateMatch>();
  CheckCount(message.sans_size(), Path(place, "sans"), violations);
  for (int i = 0; i < message.sans_size(); ++i) {
    const std::string& name = message.sans(i);
    const Path name_place(place, "sans", i);
    if (name.empty()) violations.Invalid(name_place, "empty; want a name as text, or \"*.\" and a host name");
    CheckLength(name, kMaxTextBytes, name_place, violations);
    if (name.starts_with("*.")) {
      match->dns_suffixes.push_back(absl::AsciiStrToLower(name.substr(1)));
    } else {
      match->names.push_back(name);
    }
  }
  CheckLength(message.subject(), kMaxTextBytes, Path(place, "subject"), violations);
  match->subject = message.subject();
  return match;
}

}  // namespace

config::RouteMatch CompileRouteMatch(const v1::RouteMatch& message, const Path& place, RegexCache& regexes,
                                     Violations& violations) {
  config::RouteMatch match;
  CompilePath(message, place, regexes, violations, match);
  CompileMethods(message, place, violations, match);
  if (message.source_networks_size() > 0) {
    match.source_networks = std::make_shared<const net::NetworkSet>(
        CheckNetworks(message.source_networks(), place, "source_networks", violations));
  }
  if (message.has_client_certificate()) {
    match.client_certificate =
        CompileClientCertificate(message.client_certificate(), Path(place, "client_certificate"), violations);
  }
  CheckCount(message.headers_size(), Path(place, "headers"), violations);
  for (int i = 0; i < message.headers_size(); ++i) {
    match.headers.push_back(CompileHeader(message.headers(i), Path(place, "headers", i), regexes, violations));
  }
  CheckCount(message.query_size(), Path(place, "query"), violations);
  for (int i = 0; i < message.query_size(); ++i) {
    match.query.push_back(CompileParameter(message.query(i), Path(place, "query", i), regexes, violations));
  }
  return match;
}

}  // namespace fairlead::control
