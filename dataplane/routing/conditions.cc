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

bool HoldsBesidePathAndMethod(const config::RouteMatch& match, const RequestView& request) {
  if (match.source_networks != nullptr && !match.source_networks->Contains(*request.source)) return false;
  const auto holds = [&](const auto& condition) { return Holds(condition, request); };
  return std::all_of(match.headers.begin(), match.headers.end(), holds) &&
         std::all_of(match.query.begin(), match.query.end(), holds);
}

}  // namespace fairlead::routing
