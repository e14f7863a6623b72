#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/config/route_table.h"
#include "dataplane/routing/request_view.h"

namespace fairlead::routing {

// A request to be routed in a test, with all that its view points to.
struct TestRequest {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit TestRequest(std::string target, const Fields& fields = {}, std::string method = "GET",
                       std::string authority = "example.org")
      : target(std::move(target)), method(std::move(method)), authority(std::move(authority)) {
    for (const auto& [name, value] : fields) bytes += name + value;
    uint32_t offset = 0;
    for (const auto& [name, value] : fields) {
      const uint32_t value_offset = offset + static_cast<uint32_t>(name.size());
      list.Add({offset, value_offset, static_cast<uint32_t>(value.size()), static_cast<uint16_t>(name.size()),
                http::FindKnownField(name)});
      offset = value_offset + static_cast<uint32_t>(value.size());
    }
    list.set_base(bytes.data());
  }
  TestRequest(const TestRequest&) = delete;
  TestRequest& operator=(const TestRequest&) = delete;

  RequestView view() const {
    const std::string_view text = target;
    const size_t mark = text.find('?');
    return {.authority = authority,
            .path = text.substr(0, mark),
            .query = mark == text.npos ? std::string_view() : text.substr(mark + 1),
            .method = http::FindMethod(method),
            .method_text = method,
            .fields = &list,
            .source = &source};
  }

  std::string target;
  std::string method;
  std::string authority;
  std::string bytes;
  http::FieldList list;
  net::Address source = *net::Address::Parse("10.0.0.1:40000");
};

// A rule for paths of which this is all, the beginning, or a pattern.
inline config::RouteRule TestRule(std::string id, config::PathMatch path_match, std::string path) {
  config::RouteRule rule;
  rule.id = std::move(id);
  rule.match.path_match = path_match;
  if (path_match == config::PathMatch::kRegex) {
    rule.match.path_regex = *base::Regex::Compile(path);
  } else {
    rule.match.path = std::move(path);
  }
  return rule;
}

}  // namespace fairlead::routing
