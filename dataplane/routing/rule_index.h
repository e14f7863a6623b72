#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/config/route_table.h"
#include "dataplane/routing/pattern_tree.h"
#include "dataplane/routing/regex_index.h"
#include "dataplane/routing/request_view.h"
#include "dataplane/routing/rule_group.h"

namespace fairlead::routing {

// The rules of one virtual host, and which of them is the first that matches a request.
//
// Rules that ask the same of the path stand in one group. One walk down a tree leads to the groups whose path or prefix
// a request has, and only these are looked at, while they may hold a rule before the best so far; rules with regular
// expressions have an index of their own. Immutable; finding allocates nothing, but for regular expressions.
class RuleIndex {
 public:
  static constexpr uint32_t kNone = RuleGroup::kNone;

  // `rules` outlive the index.
  explicit RuleIndex(const std::vector<config::RouteRule>& rules);

  // The lowest index of a rule that matches, or kNone.
  uint32_t Find(const RequestView& request) const;

 private:
  std::vector<RuleGroup> groups_;
  PatternTree paths_;                          // ranks are indexes into groups_
  std::unique_ptr<const RegexIndex> regexes_;  // null: there are none
};

}  // namespace fairlead::routing
