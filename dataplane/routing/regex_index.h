#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/base/regex.h"
#include "dataplane/config/route_table.h"
#include "dataplane/routing/literal_finder.h"
#include "dataplane/routing/request_view.h"
#include "dataplane/routing/rule_group.h"

namespace fairlead::routing {

// The rules of one virtual host that ask for a regular expression, and which of them is the first that matches.
//
// One search of the path finds the literals that the expressions' matches must hold, and with them the few expressions
// that may match (docs/adr/0008). These alone are run, in the order of their rules, when all else about a rule holds.
// One that has no such literal is run for each request that no rule before it takes.
class RegexIndex {
 public:
  static constexpr uint32_t kNone = RuleGroup::kNone;

  // `rules`, of which at least one asks for an expression, outlive the index.
  explicit RegexIndex(const std::vector<config::RouteRule>& rules);

  // The lowest index below `limit` of a rule that matches, or kNone.
  uint32_t Find(const RequestView& request, uint32_t limit) const;

 private:
  struct Group {
    const base::Regex* regex;
    RuleGroup rules;
  };

  std::vector<Group> groups_;              // in the order of their lowest ranks
  LiteralFinder literals_;                 // values are indexes into groups_
  std::vector<uint64_t> without_literal_;  // bits, by index into groups_
};

}  // namespace fairlead::routing
