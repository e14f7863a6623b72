#include "dataplane/routing/regex_index.h"

#include <algorithm>
#include <bit>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "dataplane/base/regex_literals.h"

namespace fairlead::routing {
namespace {

// Room for the bits of so many times 64 groups is on the stack.
constexpr size_t kInlineWords = 256;

}  // namespace

RegexIndex::RegexIndex(const std::vector<config::RouteRule>& rules) : literals_({}) {
  absl::flat_hash_map<std::string, size_t> group_of_pattern;
  std::vector<std::pair<const base::Regex*, std::vector<RuleGroup::Rule>>> by_pattern;
  for (uint32_t rank = 0; rank < rules.size(); ++rank) {
    const config::RouteMatch& match = rules[rank].match;
    if (match.path_match != config::PathMatch::kRegex) continue;
    const auto [group, is_new] = group_of_pattern.try_emplace(match.path_regex->pattern(), by_pattern.size());
    if (is_new) by_pattern.push_back({match.path_regex.get(), {}});
    by_pattern[group->second].second.push_back({rank, &rules[rank]});
  }

  std::vector<base::RegexLiterals> literals_of_groups;
  absl::flat_hash_map<std::string, int> uses;
  for (const auto& [regex, of_pattern] : by_pattern) {
    groups_.push_back({regex, RuleGroup(of_pattern)});
    for (const std::string& literal : literals_of_groups.emplace_back(*regex).all()) ++uses[literal];
  }
  // A literal of many expressions tells little about each.
  const auto tells_less = [&](const std::string& a, const std::string& b) {
    return std::tuple(-uses.at(a), a.size()) < std::tuple(-uses.at(b), b.size());
  };
  without_literal_.resize((groups_.size() + 63) / 64);
  std::vector<LiteralFinder::Literal> literals;
  for (uint32_t group = 0; group < groups_.size(); ++group) {
    std::vector<std::string> required = literals_of_groups[group].Required(tells_less);
    if (required.empty()) without_literal_[group / 64] |= uint64_t{1} << group % 64;
    for (std::string& literal : required) literals.push_back({std::move(literal), group});
  }
  literals_ = LiteralFinder(literals);
}

uint32_t RegexIndex::Find(const RequestView& request, uint32_t limit) const {
  // What is no path ("*", CONNECT's host and port) is nothing for expressions on paths.
  if (!request.path.starts_with('/') || groups_.front().rules.lowest_rank() >= limit) return kNone;
  // Those that may match, each but once however often a path repeats a literal.
  absl::InlinedVector<uint64_t, kInlineWords> potential(without_literal_.begin(), without_literal_.end());
  literals_.Find(request.path, [&](uint32_t group) { potential[group / 64] |= uint64_t{1} << group % 64; });
  uint32_t found = kNone;
  for (size_t word = 0; word < potential.size(); ++word) {
    for (uint64_t bits = potential[word]; bits != 0; bits &= bits - 1) {
      const Group& group = groups_[64 * word + std::countr_zero(bits)];
      if (group.rules.lowest_rank() >= std::min(limit, found)) return found;
      const uint32_t rank = group.rules.Find(request, std::min(limit, found));
      if (rank < found && group.regex->MatchesWhole(request.path)) found = rank;
    }
  }
  return found;
}

}  // namespace fairlead::routing
