#include "dataplane/health/stored.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::health {
namespace {

// So long ago by a clock that may have begun later.
uint64_t Ago(uint64_t ms_ago, uint64_t elapsed_ms, uint64_t now_ms) {
  return now_ms - std::min(now_ms, ms_ago + elapsed_ms);
}

}  // namespace

StoredServer ToStored(const ServerNode& server, uint64_t now_ms) {
  const Spoken& spoken = *server.spoken();
  const Judgement& judgement = spoken.judgement;
  StoredServer stored;
  stored.backend = server.backend().view();
  stored.server = server.id();
  stored.health = judgement.health();
  stored.by_controller = judgement.basis() == Judgement::Basis::kController;
  stored.since_ms_ago = now_ms - std::min(now_ms, judgement.since_ms());
  stored.since_revision = judgement.since_revision();
  stored.side_since_ms_ago = now_ms - std::min(now_ms, judgement.side_since_ms());
  stored.votes_said = judgement.votes_said();
  stored.silent = judgement.silent_since_ms() != UINT64_MAX;
  if (stored.silent) stored.silent_since_ms_ago = now_ms - std::min(now_ms, judgement.silent_since_ms());
  if (const FailSafe::Place* place = judgement.place(); place != nullptr && (place->taken() || place->held())) {
    (place->held() ? stored.held_ms_ago : stored.taken_ms_ago) = now_ms - std::min(now_ms, place->since_ms());
  }
  if (const config::HealthRulesPtr& rules = server.backend().note().rules; rules != nullptr && rules->damping) {
    stored.penalty = judgement.damper().PenaltyAt(*rules->damping, now_ms);
    stored.suppressed = judgement.damper().IsSuppressed(*rules->damping, now_ms);
  }
  const uint64_t word = spoken.votes.controller() == nullptr ? UINT64_MAX : spoken.votes.controller()->arrival;
  std::vector<const Vote*> votes;
  for (const Vote& vote : spoken.votes.list()) votes.push_back(&vote);
  std::ranges::sort(votes, {}, &Vote::arrival);
  for (const Vote* vote : votes) {
    stored.votes.push_back({.reporter = std::string(vote->author.view()),
                            .health = vote->health,
                            .said = vote->said,
                            .run = vote->run,
                            .incarnation = vote->incarnation,
                            .sequence = vote->sequence,
                            .ttl_ms = vote->ttl_ms,
                            .left_ms = vote->leased && vote->expires_ms > now_ms ? vote->expires_ms - now_ms : 0,
                            .ended_ms_ago = now_ms - std::min(now_ms, vote->expires_ms),
                            .after_controller = word != UINT64_MAX && vote->arrival > word,
                            .reason = vote->reason});
  }
  return stored;
}

void RestoreVote(const StoredServer::Vote& stored, uint64_t elapsed_ms, Author author, uint64_t arrival,
                 uint64_t now_ms, Votes& votes) {
  Vote vote;
  vote.author = std::move(author);
  vote.incarnation = stored.incarnation;
  vote.sequence = stored.sequence;
  vote.arrival = arrival;
  vote.said = stored.said;
  vote.ttl_ms = static_cast<uint32_t>(stored.ttl_ms);
  vote.expires_ms =
      Ago(stored.left_ms > 0 ? 0 : stored.ended_ms_ago, elapsed_ms - std::min(elapsed_ms, stored.left_ms), now_ms);
  if (stored.left_ms > elapsed_ms) {
    vote.health = stored.health;
    vote.run = static_cast<uint8_t>(std::min<uint32_t>(stored.run, Vote::kMaxRun));
    vote.leased = true;
    vote.expires_ms = now_ms + stored.left_ms - elapsed_ms;
    vote.reason = stored.reason;
  }
  votes.Restore(std::move(vote));
}

void RestoreDecision(const StoredServer& stored, uint64_t elapsed_ms, const config::HealthRules* rules, uint64_t now_ms,
                     Spoken& spoken) {
  Damper damper;
  if (rules != nullptr && rules->damping) {
    // What decays while nobody looks has decayed all the same.
    damper = Damper(stored.penalty, stored.suppressed, now_ms - std::min(now_ms, elapsed_ms));
  }
  spoken.judgement.SetRuled(rules != nullptr, &spoken);
  spoken.judgement.Restore(
      {.health = stored.health,
       .basis = stored.health == config::Health::kUnknown ? Judgement::Basis::kNobody
                : stored.by_controller                    ? Judgement::Basis::kController
                                                          : Judgement::Basis::kVotes,
       .since_ms = Ago(stored.since_ms_ago, elapsed_ms, now_ms),
       .since_revision = stored.since_revision,
       .side_since_ms = Ago(stored.side_since_ms_ago, elapsed_ms, now_ms),
       .silent_since_ms = stored.silent ? Ago(stored.silent_since_ms_ago, elapsed_ms, now_ms) : UINT64_MAX,
       .votes_said = stored.votes_said,
       .damper = damper});
}

}  // namespace fairlead::health
