#pragma once

#include <string>
#include <string_view>

namespace fairlead::routing {

// The parameters of a query, "name=value" between '&', as forms are sent
// (https://url.spec.whatwg.org/#urlencoded-parsing): "%41" is "A", '+' a space; a '%' that begins no escape is itself.
// None of this allocates but DecodeParameter.

// Whether `encoded` stands for `text`.
bool DecodesTo(std::string_view encoded, std::string_view text);

std::string DecodeParameter(std::string_view encoded);

// Calls `visit(value)`, with the value as it was sent, for each parameter of that name until it returns true; whether
// it did. A parameter without '=' has an empty value.
template <typename Visit>
bool AnyParameter(std::string_view query, std::string_view name, Visit visit) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (parameter.empty()) continue;
    const size_t equals = parameter.find('=');
    if (!DecodesTo(parameter.substr(0, equals), name)) continue;
    if (visit(equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1))) return true;
  }
  return false;
}

}  // namespace fairlead::routing
