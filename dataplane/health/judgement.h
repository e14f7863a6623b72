#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/config/health_rules.h"
#include "dataplane/config/server.h"
#include "dataplane/health/damper.h"
#include "dataplane/health/fail_safe.h"
#include "dataplane/health/finding.h"

namespace fairlead::health {

// Why a decision is not what the votes say, for now.
struct Hold {
  enum class Why : uint8_t { kNone, kKeepLast, kMinDown, kMinUp, kDamping, kFailSafe };
  Why why = Why::kNone;
  config::Health wanted = config::Health::kUnknown;  // what would be decided
  uint64_t until_ms = UINT64_MAX;                    // UINT64_MAX: no time ends it
};

// The decision on one server: what stands, since when, and by whom; and how it follows from what is found. A part of
// HealthTable. 32 bytes, and 130 more where the backend has rules.
class Judgement {
 public:
  enum class Basis : uint8_t { kNobody, kController, kVotes };

  // What it stands in.
  struct Situation {
    const config::HealthRules& rules;
    FailSafe* fail_safe;   // the backend's; null: there is no rule
    size_t in_service;     // servers of the backend that could be picked, but for their health
    bool is_in_service;    // this one
    bool controller_says;  // the controller's word is there, whether it counts or not
    uint64_t now_ms;
    uint64_t revision;  // of what is in force
  };

  explicit Judgement(uint64_t now_ms) : since_ms_(now_ms) {}

  config::Health health() const { return health_; }
  // When it became that.
  uint64_t since_ms() const { return since_ms_; }
  // The revision that was in force then; 0: it is what it was at first.
  uint64_t since_revision() const { return since_revision_; }
  Basis basis() const { return basis_; }
  Hold hold() const { return ruled_ == nullptr ? Hold() : ruled_->hold; }
  // When it is to be followed again, if nothing happens before; UINT64_MAX: never.
  uint64_t NextMoment() const { return ruled_ == nullptr ? UINT64_MAX : ruled_->hold.until_ms; }
  const Damper& damper() const;
  // When it became DOWN, or UP or DEGRADED, or UNKNOWN.
  uint64_t side_since_ms() const { return ruled_ == nullptr ? since_ms_ : ruled_->side_since_ms; }
  // Since when nobody votes; UINT64_MAX: somebody does, or it does not matter.
  uint64_t silent_since_ms() const { return ruled_ == nullptr ? UINT64_MAX : ruled_->silent_since_ms; }
  // The last that votes decided, UP or DOWN; UNKNOWN: they never did, or it does not matter.
  config::Health votes_said() const;

  // The server's part in the backend's fail-safe; null: there are no rules.
  const FailSafe::Place* place() const { return ruled_ == nullptr ? nullptr : &ruled_->place; }
  FailSafe::Place* place() { return ruled_ == nullptr ? nullptr : &ruled_->place; }

  // Makes the decision follow from what was found. Backends without rules need no situation beyond the time.
  void Follow(const Finding& finding, const Situation& situation);
  // The backend's rules came, or have gone. `server`: whose it is, for the fail-safe.
  void SetRuled(bool ruled, void* server);
  // The server is in service no more: what was taken out of it is none of the backend's any more.
  void LeaveService();
  // Puts back what another table had, once it is known whether there are rules.
  struct Stored {
    config::Health health;
    Basis basis;
    uint64_t since_ms;
    uint64_t since_revision;
    uint64_t side_since_ms;
    uint64_t silent_since_ms;
    config::Health votes_said;
    Damper damper;
  };
  void Restore(const Stored& stored);

 private:
  enum class SideOf : uint8_t { kNeither, kUp, kDown };
  static SideOf Of(config::Health health);

  // What only rules need.
  struct Ruled {
    explicit Ruled(void* server) : place(server) {}

    uint64_t side_since_ms = 0;
    uint64_t silent_since_ms = UINT64_MAX;  // nobody votes since; UINT64_MAX: somebody does
    Damper damper;
    SideOf votes_said = SideOf::kNeither;  // the last that votes decided
    Hold hold;
    FailSafe::Place place;
  };

  void FollowRules(const Finding& finding, const Situation& situation);
  // What votes want by themselves.
  config::Health Wanted(const Finding& finding, const Situation& situation);
  Hold FindHold(config::Health wanted, const Finding& finding, const Situation& situation);
  // Whether the fail-safe lets this one go; if not, it waits for its turn.
  bool MayBeTaken(const Situation& situation);
  void Apply(config::Health health, Basis basis, const Situation& situation);

  config::Health health_ = config::Health::kUnknown;
  Basis basis_ = Basis::kNobody;
  uint64_t since_ms_;
  uint64_t since_revision_ = 0;
  std::unique_ptr<Ruled> ruled_;  // with rules alone
};

}  // namespace fairlead::health
