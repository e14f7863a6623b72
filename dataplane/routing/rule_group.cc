#include "dataplane/routing/rule_group.h"

#include <algorithm>
#include <string_view>

#include "dataplane/base/absl_strings.h"
#include "dataplane/http/message.h"
#include "dataplane/routing/conditions.h"

namespace fairlead::routing {
namespace {

// Fewer rules with exact values of one field are tried one by one sooner than hashed.
constexpr size_t kMinTableSize = 4;

constexpr uint32_t kAllMethods = UINT32_MAX;

constexpr uint32_t BitOf(http::Method method) { return 1u << static_cast<unsigned>(method); }

bool IsExact(const config::HeaderMatch& header) { return header.kind == config::HeaderMatch::Kind::kExact; }

// How many different values the rules ask for in fields of each name.
absl::flat_hash_map<std::string, size_t> CountValues(const std::vector<RuleGroup::Rule>& rules) {
  absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, bool>> values;
  for (const RuleGroup::Rule& rule : rules) {
    for (const config::HeaderMatch& header : rule.rule->match.headers) {
      if (IsExact(header)) values[header.name][header.text] = true;
    }
  }
  absl::flat_hash_map<std::string, size_t> counts;
  for (const auto& [name, of_name] : values) counts[name] = of_name.size();
  return counts;
}

}  // namespace

RuleGroup::RuleGroup(const std::vector<Rule>& rules) : lowest_rank_(rules.front().rank) {
  const absl::flat_hash_map<std::string, size_t> counts = CountValues(rules);
  for (const Rule& rule : rules) {
    // Of several fields the one that tells most rules apart.
    const config::HeaderMatch* key = nullptr;
    for (const config::HeaderMatch& header : rule.rule->match.headers) {
      if (!IsExact(header) || counts.at(header.name) < kMinTableSize) continue;
      if (key == nullptr || counts.at(header.name) > counts.at(key->name)) key = &header;
    }
    if (key == nullptr) {
      candidates_.push_back(ToCandidate(rule));
      continue;
    }
    auto table =
        std::find_if(tables_.begin(), tables_.end(), [&](const HeaderTable& other) { return other.name == key->name; });
    if (table == tables_.end()) table = tables_.insert(tables_.end(), HeaderTable{.name = key->name, .by_value = {}});
    table->by_value[key->text].push_back(ToCandidate(rule));
  }
}

RuleGroup::Candidate RuleGroup::ToCandidate(const Rule& rule) {
  const config::RouteMatch& match = rule.rule->match;
  Candidate candidate{.rank = rule.rank, .methods = kAllMethods, .other = nullptr};
  bool has_other = !match.headers.empty() || !match.query.empty() || match.source_networks != nullptr ||
                   match.client_certificate != nullptr;
  if (!match.methods.empty()) {
    candidate.methods = 0;
    for (const std::string& method : match.methods) {
      candidate.methods |= BitOf(http::FindMethod(method));
      if (http::FindMethod(method) == http::Method::kOther) has_other = true;
    }
  }
  if (!rule.rule->allow_connect) candidate.methods &= ~BitOf(http::Method::kConnect);
  if (has_other) candidate.other = &match;
  return candidate;
}

uint32_t RuleGroup::FindAmong(const Candidates& candidates, const RequestView& request, uint32_t limit) {
  const uint32_t method = BitOf(request.method);
  for (const Candidate& candidate : candidates) {
    if (candidate.rank >= limit) return kNone;
    if ((candidate.methods & method) == 0) continue;
    if (candidate.other == nullptr) return candidate.rank;
    if (request.method == http::Method::kOther && !HasMethod(candidate.other->methods, request)) continue;
    if (HoldsBesidePathAndMethod(*candidate.other, request)) return candidate.rank;
  }
  return kNone;
}

uint32_t RuleGroup::Find(const RequestView& request, uint32_t limit) const {
  uint32_t found = FindAmong(candidates_, request, limit);
  for (const HeaderTable& table : tables_) {
    AnyField(request, table.name, [&](std::string_view value) {
      const auto candidates = table.by_value.find(base::ToAbsl(value));
      if (candidates == table.by_value.end()) return false;
      found = std::min(found, FindAmong(candidates->second, request, std::min(limit, found)));
      return false;
    });
  }
  return found;
}

}  // namespace fairlead::routing
