#include "dataplane/routing/conditions.h"

#include <algorithm>

#include "dataplane/routing/query_parameters.h"

namespace fairlead::routing {

bool HasMethod(const std::vector<std::string>& methods, const RequestView& request) {
  return methods.empty() || std::find(methods.begin(), methods.end(), request.method_text) != methods.end();
}

bool Holds(const config::HeaderMatch& match, const RequestView& request) {
  using Kind = config::HeaderMatch::Kind;
  switch (match.kind) {
    case Kind::kPresent:
      return AnyField(request, match.name, [](std::string_view) { return true; });
    case Kind::kExact:
      return AnyField(request, match.name, [&](std::string_view value) { return value == match.text; });
    case Kind::kPrefix:
      return AnyField(request, match.name, [&](std::string_view value) { return value.starts_with(match.text); });
    case Kind::kRegex:
      return AnyField(request, match.name, [&](std::string_view value) { return match.regex->MatchesWhole(value); });
    case Kind::kAbsent:
      return !AnyField(request, match.name, [](std::string_view) { return true; });
  }
  return false;
}

bool Holds(const config::QueryMatch& match, const RequestView& request) {
  using Kind = config::QueryMatch::Kind;
  return AnyParameter(request.query, match.name, [&](std::string_view value) {
    switch (match.kind) {
      case Kind::kPresent:
        return true;
      case Kind::kExact:
        return DecodesTo(value, match.text);
      case Kind::kRegex:
        return match.regex->MatchesWhole(DecodeParameter(value));
    }
    return false;
  });
}

bool Holds(const config::ClientCertificateMatch& match, const RequestView& request) {
  const tls::PeerCertificate* certificate = request.client_certificate;
  if (certificate == nullptr) return false;
  if (!match.subject.empty() && certificate->subject != match.subject) return false;
  if (match.names.empty() && match.dns_suffixes.empty()) return true;
  return std::any_of(certificate->names.begin(), certificate->names.end(), [&](const tls::SubjectName& name) {
    const bool is_dns = name.kind == tls::SubjectName::Kind::kDns;
    const auto is_name = [&](const std::string& wanted) {
      return is_dns ? http::EqualsIgnoreCase(name.text, wanted) : name.text == wanted;
    };
    if (std::any_of(match.names.begin(), match.names.end(), is_name)) return true;
    if (!is_dns) return false;
    const size_t dot = name.text.find('.');
    if (dot == std::string::npos || dot == 0) return false;
    const auto is_suffix = [&](const std::string& suffix) {
      return name.text.compare(dot, name.text.npos, suffix) == 0;
    };
    return std::any_of(match.dns_suffixes.begin(), match.dns_suffixes.end(), is_suffix);
  });
}

bool HoldsBesidePathAndMethod(const config::RouteMatch& match, const RequestView& request) {
  if (match.source_networks != nullptr && !match.source_networks->Contains(*request.source)) return false;
  if (match.client_certificate != nullptr && !Holds(*match.client_certificate, request)) return false;
  const auto holds = [&](const auto& condition) { return Holds(condition, request); };
  return std::all_of(match.headers.begin(), match.headers.end(), holds) &&
         std::all_of(match.query.begin(), match.query.end(), holds);
}

}  // namespace fairlead::routing
