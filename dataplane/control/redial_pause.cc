#include "dataplane/control/redial_pause.h"

#include <algorithm>
#include <utility>

namespace fairlead::control {

void RedialPause::BeginAnew(uint64_t now_ms) {
  looking_since_ms_ = now_ms;
  sent_on_ = refused_ = false;
  backoff_.Reset();
}

void RedialPause::Note(Result result) {
  sent_on_ |= result == Result::kSentOn;
  refused_ |= result == Result::kRefusal;
}

uint64_t RedialPause::NextMs(uint64_t now_ms) {
  const bool sent_on = std::exchange(sent_on_, false);
  const bool refused = std::exchange(refused_, false);
  if (!sent_on || refused) return backoff_.NextDelayMs();
  backoff_.Reset();
  const uint64_t most = std::clamp((now_ms - looking_since_ms_) / 10, kSoonMs, base::Backoff::kLastBoundMs);
  return std::uniform_int_distribution<uint64_t>(kLeastMs, most)(random_);
}

}  // namespace fairlead::control
