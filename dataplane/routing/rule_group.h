#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "dataplane/config/route_table.h"
#include "dataplane/routing/request_view.h"

namespace fairlead::routing {

// Rules that ask the same of a path, and which of them is the first whose other conditions hold. Many rules that a
// field's value tells apart (tenants, versions) are found by that value's hash; what is left is tried one by one.
// Immutable; finding allocates nothing, but for regular expressions.
class RuleGroup {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Rule {
    uint32_t rank;
    const config::RouteRule* rule;  // outlives the group
  };

  // In the order of their ranks, which are below kNone; at least one.
  explicit RuleGroup(const std::vector<Rule>& rules);

  uint32_t lowest_rank() const { return lowest_rank_; }

  // The lowest rank below `limit` of a rule whose conditions, apart from those on the path, hold; or kNone.
  uint32_t Find(const RequestView& request, uint32_t limit) const;

 private:
  struct Candidate {
    uint32_t rank;
    uint32_t methods;                 // bits by http::Method
    const config::RouteMatch* other;  // conditions that are left to look at; null: none
  };
  // Most groups, and most values of a field, have one rule.
  using Candidates = absl::InlinedVector<Candidate, 1>;
  struct HeaderTable {
    std::string name;
    absl::flat_hash_map<std::string, Candidates> by_value;
  };

  static Candidate ToCandidate(const Rule& rule);
  static uint32_t FindAmong(const Candidates& candidates, const RequestView& request, uint32_t limit);

  uint32_t lowest_rank_;
  Candidates candidates_;  // that are not in a table
  std::vector<HeaderTable> tables_;
};

}  // namespace fairlead::routing
