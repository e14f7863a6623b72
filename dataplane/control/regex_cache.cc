#include "dataplane/control/regex_cache.h"

#include <utility>

#include "absl/status/statusor.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

RegexCache::RegexCache(const config::RouteTable* before) {
  if (before == nullptr) return;
  for (const config::VirtualHost& host : before->virtual_hosts) {
    for (const config::RouteRule& rule : host.rules) {
      Add(rule.match.path_regex);
      for (const config::HeaderMatch& header : rule.match.headers) Add(header.regex);
      for (const config::QueryMatch& parameter : rule.match.query) Add(parameter.regex);
      if (rule.rewrite != nullptr) Add(rule.rewrite->pattern);
    }
  }
}

void RegexCache::Add(const config::SharedRegex& regex) {
  if (regex != nullptr) regexes_.try_emplace(regex->pattern(), regex);
}

config::SharedRegex RegexCache::Get(const std::string& pattern, const Path& path, Violations& violations) {
  if (const auto known = regexes_.find(pattern); known != regexes_.end()) return known->second;
  absl::StatusOr<config::SharedRegex> regex = base::Regex::Compile(pattern);
  if (!regex.ok()) {
    violations.Invalid(path,
                       base::StrCat("not a regular expression of RE2: ", base::FromAbsl(regex.status().message())));
    return nullptr;
  }
  Add(*regex);
  return *std::move(regex);
}

}  // namespace fairlead::control
