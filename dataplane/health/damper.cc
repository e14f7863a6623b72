#include "dataplane/health/damper.h"

#include <algorithm>
#include <cmath>

namespace fairlead::health {
namespace {

double CeilingOf(const config::FlapDamping& rule) {
  // High enough to be reached by a turn that suppresses.
  return std::max(rule.reuse * std::exp2(Damper::kCeilingHalfLives), rule.suppress + Damper::kPerTurn);
}

}  // namespace

double Damper::PenaltyAt(const config::FlapDamping& rule, uint64_t now_ms) const {
  const double half_lives = static_cast<double>(now_ms - as_of_ms_) / static_cast<double>(rule.half_life_ms);
  return penalty_ * std::exp2(-half_lives);
}

bool Damper::IsSuppressed(const config::FlapDamping& rule, uint64_t now_ms) const {
  return suppressed_ && PenaltyAt(rule, now_ms) >= rule.reuse;
}

void Damper::AddTurn(const config::FlapDamping& rule, uint64_t now_ms) {
  suppressed_ = IsSuppressed(rule, now_ms);
  penalty_ = std::min(PenaltyAt(rule, now_ms) + kPerTurn, CeilingOf(rule));
  as_of_ms_ = now_ms;
  suppressed_ = suppressed_ || penalty_ > rule.suppress;
}

uint64_t Damper::ReuseAt(const config::FlapDamping& rule, uint64_t now_ms) const {
  const double half_lives = std::log2(PenaltyAt(rule, now_ms) / rule.reuse);
  const double wait_ms = std::max(0.0, half_lives * static_cast<double>(rule.half_life_ms));
  return now_ms + static_cast<uint64_t>(wait_ms) + 1;
}

}  // namespace fairlead::health
