#include "dataplane/health/judgement.h"

#include <algorithm>

namespace fairlead::health {

using config::Health;
using Evidence = Finding::Evidence;

namespace {

constexpr uint64_t kNever = UINT64_MAX;

bool IsOut(Health health, const config::HealthRules& rules) {
  return health == Health::kDown || (health == Health::kUnknown && !rules.unknown_is_eligible);
}

}  // namespace

Judgement::SideOf Judgement::Of(Health health) {
  if (health == Health::kUnknown) return SideOf::kNeither;
  return health == Health::kDown ? SideOf::kDown : SideOf::kUp;
}

const Damper& Judgement::damper() const {
  static constexpr Damper kCalm;
  return ruled_ == nullptr ? kCalm : ruled_->damper;
}

Health Judgement::votes_said() const {
  if (ruled_ == nullptr || ruled_->votes_said == SideOf::kNeither) return Health::kUnknown;
  return ruled_->votes_said == SideOf::kDown ? Health::kDown : Health::kUp;
}

void Judgement::SetRuled(bool ruled, void* server) {
  if (!ruled) {
    ruled_.reset();
  } else if (ruled_ == nullptr) {
    ruled_ = std::make_unique<Ruled>(server);
    ruled_->side_since_ms = since_ms_;
    ruled_->votes_said = basis_ == Basis::kVotes ? Of(health_) : SideOf::kNeither;
  }
}

void Judgement::LeaveService() {
  if (ruled_ != nullptr) FailSafe::Drop(&ruled_->place);
}

void Judgement::Restore(const Stored& stored) {
  health_ = stored.health;
  basis_ = stored.basis;
  since_ms_ = stored.since_ms;
  since_revision_ = stored.since_revision;
  if (ruled_ == nullptr) return;
  ruled_->side_since_ms = stored.side_since_ms;
  ruled_->silent_since_ms = stored.silent_since_ms;
  ruled_->damper = stored.damper;
  ruled_->votes_said = Of(stored.votes_said);
}

void Judgement::Apply(Health health, Basis basis, const Situation& situation) {
  basis_ = basis;
  if (health == health_) return;
  if (ruled_ != nullptr && Of(health) != Of(health_)) ruled_->side_since_ms = situation.now_ms;
  health_ = health;
  since_ms_ = situation.now_ms;
  since_revision_ = situation.revision;
}

void Judgement::Follow(const Finding& finding, const Situation& situation) {
  if (ruled_ != nullptr) return FollowRules(finding, situation);
  switch (finding.evidence) {
    case Evidence::kNone:
      return Apply(Health::kUnknown, Basis::kNobody, situation);
    case Evidence::kController:
      return Apply(finding.health, Basis::kController, situation);
    case Evidence::kDecided:
      return Apply(finding.health, Basis::kVotes, situation);
    case Evidence::kUndecided:  // with rules alone
      return;
  }
}

Health Judgement::Wanted(const Finding& finding, const Situation& situation) {
  // A word that was taken back takes its decision with it.
  const bool word_is_gone = basis_ == Basis::kController && !situation.controller_says;
  if (finding.evidence != Evidence::kNone) ruled_->silent_since_ms = kNever;
  switch (finding.evidence) {
    case Evidence::kNone:
      if (ruled_->silent_since_ms == kNever) {
        ruled_->silent_since_ms = std::min(finding.silent_since_ms, situation.now_ms);
      }
      return Health::kUnknown;
    case Evidence::kUndecided:
      return word_is_gone ? Health::kUnknown : health_;
    case Evidence::kDecided: {
      const SideOf side = Of(finding.health);
      if (situation.rules.damping && ruled_->votes_said == SideOf::kUp && side == SideOf::kDown) {
        ruled_->damper.AddTurn(*situation.rules.damping, situation.now_ms);
      }
      ruled_->votes_said = side;
      return finding.health;
    }
    case Evidence::kController:
      break;
  }
  return finding.health;
}

Hold Judgement::FindHold(Health wanted, const Finding& finding, const Situation& situation) {
  const config::HealthRules& rules = situation.rules;
  const uint64_t now_ms = situation.now_ms;
  // A word that was taken back is nothing to hold on to.
  if (basis_ != Basis::kController || situation.controller_says) {
    const uint64_t side_since_ms = ruled_->side_since_ms;
    if (finding.evidence == Evidence::kNone && now_ms < ruled_->silent_since_ms + rules.keep_last_ms) {
      return {Hold::Why::kKeepLast, wanted, ruled_->silent_since_ms + rules.keep_last_ms};
    }
    if (Of(health_) == SideOf::kDown && now_ms < side_since_ms + rules.min_down_ms) {
      return {Hold::Why::kMinDown, wanted, side_since_ms + rules.min_down_ms};
    }
    if (Of(health_) == SideOf::kUp && now_ms < side_since_ms + rules.min_up_ms) {
      return {Hold::Why::kMinUp, wanted, side_since_ms + rules.min_up_ms};
    }
    if (Of(health_) == SideOf::kDown && rules.damping && ruled_->damper.IsSuppressed(*rules.damping, now_ms)) {
      return {Hold::Why::kDamping, wanted, ruled_->damper.ReuseAt(*rules.damping, now_ms)};
    }
  }
  if (IsOut(wanted, rules) && !IsOut(health_, rules) && situation.is_in_service && !MayBeTaken(situation)) {
    return {Hold::Why::kFailSafe, wanted, kNever};
  }
  return {};
}

bool Judgement::MayBeTaken(const Situation& situation) {
  if (situation.fail_safe == nullptr) return true;
  FailSafe& fail_safe = *situation.fail_safe;
  const config::FailSafe& rule = *situation.rules.fail_safe;
  fail_safe.Expire(rule, situation.now_ms);
  const bool is_its_turn = fail_safe.held() == 0 || fail_safe.first_held() == &ruled_->place;
  if (is_its_turn && fail_safe.taken() < FailSafe::Limit(rule, situation.in_service)) {
    fail_safe.Take(&ruled_->place, situation.now_ms);
    return true;
  }
  fail_safe.Hold(&ruled_->place, situation.now_ms);
  return false;
}

void Judgement::FollowRules(const Finding& finding, const Situation& situation) {
  ruled_->hold = {};
  const Health wanted = Wanted(finding, situation);
  if (finding.evidence == Evidence::kController) {
    // Not by reports: nothing holds it back, and it takes nothing of what they may.
    FailSafe::Drop(&ruled_->place);
    return Apply(wanted, Basis::kController, situation);
  }
  if (Of(wanted) != Of(health_)) ruled_->hold = FindHold(wanted, finding, situation);
  if (ruled_->hold.why != Hold::Why::kFailSafe && ruled_->place.held()) FailSafe::Drop(&ruled_->place);
  if (ruled_->hold.why != Hold::Why::kNone) return;
  if (!IsOut(wanted, situation.rules)) FailSafe::Drop(&ruled_->place);
  const bool stands = finding.evidence == Evidence::kUndecided && wanted == health_;
  const Basis basis = wanted == Health::kUnknown ? Basis::kNobody : Basis::kVotes;
  Apply(wanted, stands ? basis_ : basis, situation);
}

}  // namespace fairlead::health
