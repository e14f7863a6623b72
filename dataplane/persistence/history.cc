#include "dataplane/persistence/history.h"

#include <algorithm>
#include <utility>

namespace fairlead::persistence {
namespace {

// Numbers that a crash took back are given again, to something else.
bool IsSame(const v1::HistoryEntry& one, const v1::HistoryEntry& other) {
  return one.revision() == other.revision() && one.fingerprint() == other.fingerprint() &&
         one.time_ms() == other.time_ms() && one.transaction_id() == other.transaction_id();
}

}  // namespace

void History::Add(Revision revision) {
  if (revision.entry().revision() != newest().revision() + 1) {
    revisions_.clear();
    undo_bytes_ = 0;
  }
  undo_bytes_ += revision.undo().operations().size();
  revisions_.push_front(std::move(revision));
  Trim();
}

bool History::AddOlder(Revision revision) {
  if (!revisions_.empty() && revision.entry().revision() + 1 != revisions_.back().entry().revision()) return false;
  undo_bytes_ += revision.undo().operations().size();
  revisions_.push_back(std::move(revision));
  Trim();
  return true;
}

void History::GoOnFrom(const History& earlier) {
  if (revisions_.empty()) return;
  Revision& oldest = revisions_.back();
  auto known = std::find_if(earlier.revisions_.begin(), earlier.revisions_.end(),
                            [&](const Revision& revision) { return IsSame(revision.entry(), oldest.entry()); });
  if (known == earlier.revisions_.end()) return;
  if (known->has_undo() && !oldest.has_undo()) *oldest.mutable_undo() = known->undo();
  revisions_.insert(revisions_.end(), ++known, earlier.revisions_.end());
  undo_bytes_ = 0;
  for (const Revision& revision : revisions_) undo_bytes_ += revision.undo().operations().size();
  Trim();
}

void History::SetTrial(uint64_t revision, v1::HistoryEntry::Trial trial) {
  for (Revision& remembered : revisions_) {
    if (remembered.entry().revision() == revision) remembered.mutable_entry()->set_trial(trial);
  }
}

void History::Trim() {
  const auto forget = [this](Revision& revision) {
    undo_bytes_ -= revision.undo().operations().size();
    revision.clear_undo();
  };
  while (revisions_.size() > kMaxRevisions) {
    forget(revisions_.back());
    revisions_.pop_back();
  }
  for (size_t oldest = revisions_.size() - 1; undo_bytes_ > kMaxUndoBytes && oldest > 0; --oldest) {
    forget(revisions_[oldest]);
  }
}

}  // namespace fairlead::persistence
