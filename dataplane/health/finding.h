#pragma once

#include <cstdint>

#include "dataplane/config/health_rules.h"
#include "dataplane/config/server.h"
#include "dataplane/health/votes.h"

namespace fairlead::health {

// How much stands behind one side.
struct Side {
  uint32_t votes = 0;  // by weight
  uint32_t failure_domains = 0;

  bool Meets(const config::HealthQuorum& quorum) const {
    return votes >= quorum.votes && failure_domains >= quorum.failure_domains;
  }
};

// What votes say, counted.
struct Tally {
  Side down;
  Side up;  // DEGRADED ones among them
  uint32_t degraded_votes = 0;
};

// What everybody's words on a server come to, by the rules of its backend (docs/HEALTH.md).
struct Finding {
  enum class Evidence : uint8_t {
    kNone,        // nobody says anything that counts
    kController,  // the controller's word, against which nobody has spoken since
    kUndecided,   // votes live, but neither quorum is met: what stands, stands
    kDecided      // the votes say `health`
  };
  Evidence evidence = Evidence::kNone;
  config::Health health = config::Health::kUnknown;
  uint64_t silent_since_ms = 0;  // with kNone: when the last lease ended; it may be to come where it was cut short
};

// Votes that came before the controller's word, if there is one, do not count while it holds.
bool Counts(const Vote& vote, const Votes& votes);
Tally Count(const Votes& votes);
Finding Find(const Votes& votes, const config::HealthRules& rules);
// As if the controller had no word: kUnknown where votes do not decide.
config::Health FindByVotesAlone(const Votes& votes, const config::HealthRules& rules);
// Of the votes that count, the last to arrive; null: none does.
const Vote* LastVote(const Votes& votes);

}  // namespace fairlead::health
