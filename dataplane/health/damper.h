#pragma once

#include <cstdint>

#include "dataplane/config/health_rules.h"

namespace fairlead::health {

// One server's penalty for changing (RFC 2439 §2.3): grows by 1,000 with each turn to DOWN, and decays by half in each
// half-life. A server that is above `suppress` stays suppressed until it is below `reuse`. A value; the time is the
// caller's, in milliseconds, and never goes back.
class Damper {
 public:
  static constexpr double kPerTurn = 1'000;
  // However often it turned: at the most, four half-lives of calm bring it back (RFC 2439 §4.2, the ceiling).
  static constexpr double kCeilingHalfLives = 4;

  Damper() = default;
  // As it was at `now_ms`.
  Damper(double penalty, bool suppressed, uint64_t now_ms)
      : penalty_(penalty), as_of_ms_(now_ms), suppressed_(suppressed) {}

  // It turned to DOWN.
  void AddTurn(const config::FlapDamping& rule, uint64_t now_ms);

  double PenaltyAt(const config::FlapDamping& rule, uint64_t now_ms) const;
  bool IsSuppressed(const config::FlapDamping& rule, uint64_t now_ms) const;
  // When it will be below `reuse`; of one that is suppressed.
  uint64_t ReuseAt(const config::FlapDamping& rule, uint64_t now_ms) const;

 private:
  double penalty_ = 0;  // as of then
  uint64_t as_of_ms_ = 0;
  bool suppressed_ = false;
};

}  // namespace fairlead::health
