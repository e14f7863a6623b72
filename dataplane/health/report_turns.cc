#include "dataplane/health/report_turns.h"

#include <algorithm>
#include <utility>

namespace fairlead::health {

void ReportTurns::Add(ReportSource* source) {
  if (std::exchange(source->waits_, true)) return;
  waiting_.push_back(source);
  PostTurn();
}

void ReportTurns::Remove(ReportSource* source) {
  if (std::exchange(source->waits_, false)) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), source));
}

// At most one is posted, and what it posts itself waits for the loop's next turn.
void ReportTurns::PostTurn() {
  if (std::exchange(turn_is_posted_, true)) return;
  mailbox_->Post([weak = std::weak_ptr(self_)] {
    if (const auto self = weak.lock()) (*self)->TakeTurn();
  });
}

void ReportTurns::TakeTurn() {
  turn_is_posted_ = false;
  for (int left = kReportsATurn; left > 0 && !waiting_.empty();) {
    ReportSource* const source = waiting_.front();
    waiting_.pop_front();
    source->waits_ = false;
    // From here on, it may be gone.
    left -= std::max(source->TakeReports(std::min(left, kShare)), 1);
  }
  if (!waiting_.empty()) PostTurn();
}

}  // namespace fairlead::health
