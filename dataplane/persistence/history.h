#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "dataplane/persistence/history.pb.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::persistence {

// The last revisions and what each of them replaced, as control::History remembers them: what is on the disk of that. A
// value.
class History {
 public:
  static constexpr size_t kMaxRevisions = 100;
  // What the undoing of all of them may take. The newest can be undone however much it changed.
  static constexpr size_t kMaxUndoBytes = size_t{16} << 20;

  // One that came after the newest. Where it is not the very next, nothing is known of how it came from those before:
  // they are forgotten.
  void Add(Revision revision);
  // The one before the oldest. False: it is not that, and nothing was added.
  bool AddOlder(Revision revision);
  // Takes from `earlier` what was before, if that knows the oldest of these.
  void GoOnFrom(const History& earlier);

  // How the newest came to be, once more.
  void SetNewest(v1::HistoryEntry entry) { *revisions_.front().mutable_entry() = std::move(entry); }
  // What has become of a trial; nothing for a revision that is not remembered any more.
  void SetTrial(uint64_t revision, v1::HistoryEntry::Trial trial);

  // The newest in front, without gaps.
  const std::deque<Revision>& revisions() const { return revisions_; }
  // Revision 0 where there is none.
  const v1::HistoryEntry& newest() const {
    return revisions_.empty() ? v1::HistoryEntry::default_instance() : revisions_.front().entry();
  }

 private:
  // Forgets what is too much.
  void Trim();

  std::deque<Revision> revisions_;
  size_t undo_bytes_ = 0;
};

}  // namespace fairlead::persistence
