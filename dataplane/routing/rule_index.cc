#include "dataplane/routing/rule_index.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace fairlead::routing {

using config::PathMatch;
using Pattern = PatternTree::Pattern;

RuleIndex::RuleIndex(const std::vector<config::RouteRule>& rules) : paths_({}) {
  std::map<std::pair<Pattern::Kind, std::string_view>, std::vector<RuleGroup::Rule>> by_path;
  bool has_regexes = false;
  for (uint32_t rank = 0; rank < rules.size(); ++rank) {
    const config::RouteMatch& match = rules[rank].match;
    if (match.path_match == PathMatch::kRegex) {
      has_regexes = true;
      continue;
    }
    // Every path has the empty prefix.
    const Pattern::Kind kind = match.path_match == PathMatch::kExact ? Pattern::Kind::kExact : Pattern::Kind::kPrefix;
    const std::string_view path = match.path_match == PathMatch::kAny ? std::string_view() : match.path;
    by_path[{kind, path}].push_back({rank, &rules[rank]});
  }
  std::vector<Pattern> patterns;
  groups_.reserve(by_path.size());
  for (const auto& [path, of_path] : by_path) {
    patterns.push_back({path.second, path.first, static_cast<uint32_t>(groups_.size())});
    groups_.emplace_back(of_path);
  }
  paths_ = PatternTree(std::move(patterns));
  if (has_regexes) regexes_ = std::make_unique<const RegexIndex>(rules);
}

uint32_t RuleIndex::Find(const RequestView& request) const {
  uint32_t found = kNone;
  paths_.VisitMatches(request.path, [&](uint32_t group) {
    if (groups_[group].lowest_rank() < found) found = std::min(found, groups_[group].Find(request, found));
  });
  return regexes_ == nullptr ? found : std::min(found, regexes_->Find(request, found));
}

}  // namespace fairlead::routing
