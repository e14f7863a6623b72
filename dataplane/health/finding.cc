#include "dataplane/health/finding.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace fairlead::health {
namespace {

using config::Health;
using Evidence = Finding::Evidence;

// How many failure domains there are: few votes, so that looking at all of them is the quickest.
class Domains {
 public:
  void Add(std::string_view domain) {
    const auto end = seen_.begin() + count_;
    if (std::find(seen_.begin(), end, domain) == end) seen_[count_++] = domain;
  }
  uint32_t count() const { return static_cast<uint32_t>(count_); }

 private:
  std::array<std::string_view, Votes::kMaxReporters> seen_;
  size_t count_ = 0;
};

bool CountsSince(const Vote& vote, uint64_t arrival) { return vote.lives() && vote.arrival > arrival; }

uint64_t ArrivalOfController(const Votes& votes) {
  return votes.controller() == nullptr ? 0 : votes.controller()->arrival;
}

const Vote* LastSince(const Votes& votes, uint64_t arrival) {
  const Vote* last = nullptr;
  for (const Vote& vote : votes.list()) {
    if (CountsSince(vote, arrival) && (last == nullptr || vote.arrival > last->arrival)) last = &vote;
  }
  return last;
}

Tally CountSince(const Votes& votes, uint64_t arrival) {
  Tally tally;
  Domains down;
  Domains up;
  for (const Vote& vote : votes.list()) {
    if (!CountsSince(vote, arrival)) continue;
    const bool is_down = vote.health == Health::kDown;
    (is_down ? tally.down : tally.up).votes += vote.weight();
    (is_down ? down : up).Add(vote.failure_domain());
    if (vote.health == Health::kDegraded) tally.degraded_votes += vote.weight();
  }
  tally.down.failure_domains = down.count();
  tally.up.failure_domains = up.count();
  return tally;
}

// Of votes, of which one counts at least.
Finding Decide(const Vote& last, const Votes& votes, uint64_t arrival, const config::HealthRules& rules) {
  if (!rules.counts_votes()) return {.evidence = Evidence::kDecided, .health = last.health};
  const Tally tally = CountSince(votes, arrival);
  if (tally.down.Meets(rules.down.value_or(config::HealthQuorum()))) {
    return {.evidence = Evidence::kDecided, .health = Health::kDown};
  }
  if (tally.up.Meets(rules.up.value_or(config::HealthQuorum()))) {
    const bool degraded = 2 * tally.degraded_votes >= tally.up.votes;
    return {.evidence = Evidence::kDecided, .health = degraded ? Health::kDegraded : Health::kUp};
  }
  return {.evidence = Evidence::kUndecided, .health = Health::kUnknown};
}

}  // namespace

bool Counts(const Vote& vote, const Votes& votes) { return CountsSince(vote, ArrivalOfController(votes)); }

Tally Count(const Votes& votes) { return CountSince(votes, ArrivalOfController(votes)); }

const Vote* LastVote(const Votes& votes) { return LastSince(votes, ArrivalOfController(votes)); }

Finding Find(const Votes& votes, const config::HealthRules& rules) {
  const uint64_t since = ArrivalOfController(votes);
  if (const Vote* last = LastSince(votes, since)) return Decide(*last, votes, since, rules);
  if (votes.controller() == nullptr) {
    Finding nothing;
    for (const Vote& vote : votes.list()) nothing.silent_since_ms = std::max(nothing.silent_since_ms, vote.expires_ms);
    return nothing;
  }
  return {.evidence = Evidence::kController, .health = votes.controller()->health};
}

Health FindByVotesAlone(const Votes& votes, const config::HealthRules& rules) {
  const Vote* last = LastSince(votes, 0);
  return last == nullptr ? Health::kUnknown : Decide(*last, votes, 0, rules).health;
}

}  // namespace fairlead::health
