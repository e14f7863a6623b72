#include "dataplane/health/explain.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::health {
namespace {

using config::Health;
using config::HealthQuorum;
using config::HealthRules;

const HealthRules& RulesOf(const ServerNode& server) {
  static const HealthRules kNone;
  const config::HealthRulesPtr& rules = server.backend().note().rules;
  return rules == nullptr ? kNone : *rules;
}

bool SameSide(Health a, Health b) { return (a == Health::kDown) == (b == Health::kDown); }

// The votes that count and are on the side of what stands, the last to come first.
std::vector<const Vote*> Agreeing(const Votes& votes, Health standing) {
  std::vector<const Vote*> agreeing;
  if (standing == Health::kUnknown) return agreeing;
  for (const Vote& vote : votes.list()) {
    if (Counts(vote, votes) && SameSide(vote.health, standing)) agreeing.push_back(&vote);
  }
  std::ranges::sort(agreeing, [](const Vote* a, const Vote* b) { return a->arrival > b->arrival; });
  return agreeing;
}

std::string Names(const std::vector<const Vote*>& votes) {
  constexpr size_t kMostNames = 4;
  std::vector<std::string> names;
  for (const Vote* vote : votes) {
    if (names.size() == kMostNames) {
      names.push_back(base::StrCat(votes.size() - kMostNames, " more"));
      break;
    }
    names.emplace_back(vote->author.view());
  }
  return absl::StrJoin(names, ", ");
}

std::string Seconds(uint64_t ms) { return absl::StrFormat("%gs", static_cast<double>(ms) / 1000); }

std::string Count(uint32_t n, std::string_view what) { return base::StrCat(n, " ", what, n == 1 ? "" : "s"); }

std::string QuorumText(const HealthQuorum& quorum) {
  std::string text = Count(quorum.votes, "vote");
  if (quorum.failure_domains > 1) text += base::StrCat(" from ", Count(quorum.failure_domains, "failure domain"));
  return text;
}

// What `side` lacks to meet the quorum: "2 more votes, from 1 more failure domain at least".
std::string Missing(const Side& side, const HealthQuorum& quorum) {
  const uint32_t votes = quorum.votes > side.votes ? quorum.votes - side.votes : 0;
  const uint32_t domains =
      quorum.failure_domains > side.failure_domains ? quorum.failure_domains - side.failure_domains : 0;
  std::string text = Count(std::max({votes, domains, uint32_t{1}}), "more vote");
  if (domains == 0) return text;
  if (domains == 1)
    return text + (side.failure_domains == 0 ? ", from any failure domain" : ", from another failure domain");
  return text + base::StrCat(", from ", domains, " ", side.failure_domains == 0 ? "" : "other ", "failure domains");
}

// Ways in which votes would change what stands.
void AddWaysByVotes(const Votes& votes, const HealthRules& rules, Health standing, std::vector<std::string>& ways) {
  if (!rules.counts_votes()) {
    const uint32_t fall = rules.fall;
    const uint32_t rise = rules.rise;
    if (standing != Health::kDown)
      ways.push_back(base::StrCat("DOWN by ", Count(fall, "report"), fall > 1 ? " in a row" : "",
                                  " that says so, of anybody who may"));
    if (standing == Health::kDown || standing == Health::kUnknown)
      ways.push_back(base::StrCat("UP by ", Count(rise, "report"), rise > 1 ? " in a row" : "",
                                  " that says so, of anybody who may"));
    return;
  }
  const Tally tally = health::Count(votes);
  const HealthQuorum down = rules.down.value_or(HealthQuorum());
  const HealthQuorum up = rules.up.value_or(HealthQuorum());
  if (standing != Health::kDown && !tally.down.Meets(down)) {
    ways.push_back(base::StrCat("DOWN by ", Missing(tally.down, down)));
  }
  if (standing == Health::kDown || standing == Health::kUnknown) {
    std::string way = "UP";
    if (!tally.up.Meets(up)) way += base::StrCat(" by ", Missing(tally.up, up));
    if (tally.down.Meets(down)) {
      way += base::StrCat(tally.up.Meets(up) ? " when" : ", and when", " fewer than ", QuorumText(down), " say DOWN");
    }
    if (way != "UP") ways.push_back(std::move(way));
  }
}

void AddWaysByTime(const Votes& votes, const Judgement& judgement, const HealthRules& rules, uint64_t now_ms,
                   std::vector<std::string>& ways) {
  const Hold hold = judgement.hold();
  if (hold.why == Hold::Why::kFailSafe) {
    ways.push_back(base::StrCat(config::ToString(hold.wanted), " when the fail-safe has room"));
  } else if (hold.why != Hold::Why::kNone) {
    ways.push_back(base::StrCat(config::ToString(hold.wanted), " in ",
                                Seconds(hold.until_ms - std::min(hold.until_ms, now_ms)), ", when ", ToString(hold.why),
                                " is over"));
  }
  uint64_t last_end = 0;
  for (const Vote& vote : votes.list()) {
    if (Counts(vote, votes)) last_end = std::max(last_end, vote.expires_ms);
  }
  if (last_end <= now_ms) return;
  const Votes::ControllerWord* const word = votes.controller();
  const Health then = word == nullptr ? Health::kUnknown : word->health;
  const uint64_t in_ms = last_end - now_ms + (word == nullptr ? rules.keep_last_ms : 0);
  if (then != judgement.health()) {
    ways.push_back(base::StrCat(config::ToString(then), " in ", Seconds(in_ms), ", if nobody reports any more"));
  }
}

Explanation::Vote ViewOf(const Vote& vote, const Votes& votes, const HealthRules& rules, uint64_t now_ms) {
  Explanation::Vote view;
  view.reporter = vote.author.view();
  view.failure_domain = vote.failure_domain();
  view.weight = vote.weight();
  view.health = vote.health;
  view.said = vote.said;
  view.incarnation = vote.incarnation;
  view.sequence = vote.sequence;
  view.reason = vote.reason;
  view.age_ms = now_ms - std::min(now_ms, vote.reported_ms());
  if (vote.leased && vote.expires_ms > now_ms) view.left_ms = vote.expires_ms - now_ms;
  view.run = vote.run;
  if (vote.leased && !(vote.lives() && SameSide(vote.health, vote.said))) {
    view.run_needed = vote.said == Health::kDown ? rules.fall : rules.rise;
  }
  view.counts = Counts(vote, votes);
  if (view.counts) return view;
  if (vote.lives()) {
    view.note = "it came before the controller's word";
  } else if (vote.leased) {
    view.note = base::StrCat("it has said so ", vote.run, " of ", view.run_needed, " times in a row");
  } else if (vote.said == Health::kUnknown) {
    view.note = "it abstains by its own word";
  } else {
    view.note = base::StrCat("its lease ended ", Seconds(now_ms - std::min(now_ms, vote.expires_ms)), " ago");
  }
  return view;
}

}  // namespace

std::string_view ToString(Hold::Why why) {
  switch (why) {
    case Hold::Why::kNone:
      return "";
    case Hold::Why::kKeepLast:
      return "keep_last";
    case Hold::Why::kMinDown:
      return "min_down";
    case Hold::Why::kMinUp:
      return "min_up";
    case Hold::Why::kDamping:
      return "damping";
    case Hold::Why::kFailSafe:
      return "fail_safe";
  }
  return "";
}

std::string RuleText(const HealthRules* rules) {
  if (rules == nullptr) return "the word that came last";
  std::vector<std::string> parts;
  if (rules->counts_votes()) {
    parts.push_back(base::StrCat("DOWN by ", QuorumText(rules->down.value_or(HealthQuorum())), ", UP by ",
                                 QuorumText(rules->up.value_or(HealthQuorum()))));
  } else {
    parts.emplace_back("the word that came last");
  }
  if (rules->fall > 1) parts.push_back(base::StrCat("fall ", rules->fall));
  if (rules->rise > 1) parts.push_back(base::StrCat("rise ", rules->rise));
  if (rules->min_down_ms > 0) parts.push_back("min_down " + Seconds(rules->min_down_ms));
  if (rules->min_up_ms > 0) parts.push_back("min_up " + Seconds(rules->min_up_ms));
  if (rules->keep_last_ms > 0) parts.push_back("keep_last " + Seconds(rules->keep_last_ms));
  if (const auto& damping = rules->damping) {
    parts.push_back(absl::StrFormat("damping above %g until below %g, half-life %s", damping->suppress, damping->reuse,
                                    Seconds(damping->half_life_ms)));
  }
  if (const auto& fail_safe = rules->fail_safe) {
    parts.push_back(
        absl::StrFormat("at most %g%% out within %s", fail_safe->max_share * 100, Seconds(fail_safe->within_ms)));
  }
  return absl::StrJoin(parts, "; ");
}

Decision Describe(const ServerNode& server) {
  Decision decision;
  const Spoken* const spoken = server.spoken();
  if (spoken == nullptr) {
    decision.since_ms = server.added_ms();
    return decision;
  }
  const Judgement& judgement = spoken->judgement;
  const Votes& votes = spoken->votes;
  decision.health = judgement.health();
  decision.since_ms = judgement.since_ms();
  decision.since_revision = judgement.since_revision();
  if (judgement.basis() == Judgement::Basis::kController && votes.controller() != nullptr) {
    decision.decided_by = kControllerAuthor;
    decision.reason = votes.controller()->reason;
  } else if (judgement.basis() == Judgement::Basis::kVotes) {
    std::vector<const Vote*> by = Agreeing(votes, decision.health);
    // One word is enough where they are not counted.
    if (!RulesOf(server).counts_votes() && by.size() > 1) by.resize(1);
    decision.decided_by = Names(by);
    if (!by.empty()) decision.reason = by.front()->reason;
    for (const Vote* vote : by) decision.expires_ms = std::max(decision.expires_ms, vote->expires_ms);
  }
  if (const Hold hold = judgement.hold(); hold.why != Hold::Why::kNone) {
    decision.reason = base::StrCat("held by ", ToString(hold.why), ", would be ", config::ToString(hold.wanted));
  }
  return decision;
}

Explanation Explain(const ServerNode& server, const DecisionLog& log, uint64_t now_ms) {
  Explanation explanation;
  explanation.decision = Describe(server);
  explanation.in_service = server.in_service();
  const BackendNote& note = server.backend().note();
  const HealthRules& rules = RulesOf(server);
  explanation.rule = RuleText(note.rules.get());
  if (note.fail_safe != nullptr) {
    FailSafe& fail_safe = note.fail_safe->fail_safe;
    fail_safe.Expire(*rules.fail_safe, now_ms);
    explanation.fail_safe = {.in_service = note.in_service,
                             .limit = FailSafe::Limit(*rules.fail_safe, note.in_service),
                             .taken = fail_safe.taken(),
                             .held = fail_safe.held()};
  }
  log.ForEachOf(server.backend().view(), server.id(), [&](const DecisionLog::Entry& entry) {
    std::string by(entry.basis == Judgement::Basis::kController ? kControllerAuthor : entry.author.view());
    explanation.past.push_back({.ago_ms = now_ms - entry.at_ms,
                                .from = entry.from,
                                .to = entry.to,
                                .decided_by = std::move(by),
                                .revision = entry.revision});
  });
  const Spoken* const spoken = server.spoken();
  if (spoken == nullptr) {
    AddWaysByVotes(Votes(), rules, Health::kUnknown, explanation.changes);
    return explanation;
  }
  const Votes& votes = spoken->votes;
  const Judgement& judgement = spoken->judgement;
  for (const Vote& vote : votes.list()) explanation.votes.push_back(ViewOf(vote, votes, rules, now_ms));
  std::ranges::sort(explanation.votes, {}, &Explanation::Vote::reporter);
  if (const Votes::ControllerWord* word = votes.controller()) {
    explanation.controller = {.health = word->health,
                              .age_ms = now_ms - word->said_ms,
                              .overruled = judgement.basis() != Judgement::Basis::kController,
                              .reason = word->reason};
  }
  explanation.tally = health::Count(votes);
  explanation.found = health::Find(votes, rules).health;
  explanation.hold = judgement.hold();
  if (explanation.hold.why != Hold::Why::kNone && explanation.hold.until_ms != UINT64_MAX) {
    explanation.hold_left_ms = explanation.hold.until_ms - std::min(explanation.hold.until_ms, now_ms);
  }
  if (rules.damping) {
    explanation.penalty = judgement.damper().PenaltyAt(*rules.damping, now_ms);
    explanation.suppressed = judgement.damper().IsSuppressed(*rules.damping, now_ms);
  }
  AddWaysByTime(votes, judgement, rules, now_ms, explanation.changes);
  AddWaysByVotes(votes, rules, judgement.health(), explanation.changes);
  return explanation;
}

}  // namespace fairlead::health
