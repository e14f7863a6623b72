#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string_view>

#include "dataplane/control/operation_set.h"
#include "dataplane/control/store.h"
#include "dataplane/control/undo.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// The last revisions: who made them, when and why, and what they replaced, so that one can go back to them. What was
// replaced is kept, not whole states: a revision costs as much as it changed. On the control thread, owned by the
// transactor.
class History {
 public:
  static constexpr size_t kMaxRevisions = 100;
  // What the undoing of all of them may take. The newest can be undone however much it changed.
  static constexpr size_t kMaxUndoBytes = 16 * 1024 * 1024;

  // A revision that is about to be committed, the one after the last.
  void Add(v1::HistoryEntry entry, Undo undo);
  // The first that is known: one that the proxy was started with. What was before it is not known.
  void AddRestored(v1::HistoryEntry entry);
  // The newest; null: there is none.
  const v1::HistoryEntry* newest() const { return revisions_.empty() ? nullptr : &revisions_.front().entry; }
  // What it replaced; null where that is not known.
  const Undo* newest_undo() const {
    return revisions_.empty() || !revisions_.front().undo.has_value() ? nullptr : &*revisions_.front().undo;
  }
  // Null where the transaction made no revision that is remembered.
  const v1::HistoryEntry* FindTransaction(std::string_view id) const;

  // What has become of a trial; nothing for a revision that is not remembered any more.
  void SetTrial(uint64_t revision, v1::HistoryEntry::Trial trial);

  // The newest first, at most `limit`.
  v1::History Report(size_t limit) const;

  // What leads from the state in force back to an earlier one.
  struct WayBack {
    // What the operations do not name was not there.
    bool from_nothing = false;
    OperationSet operations;

    bool leads_nowhere() const { return !from_nothing && operations.empty(); }
    // As the snapshot or the operations of a transaction that has none yet.
    void PutInto(v1::Transaction& transaction) const;
  };
  // To what was served at `revision`; that of the store itself leads nowhere. Nothing: it can't be reached any more, or
  // never was.
  std::optional<WayBack> FindWayBack(uint64_t revision, const Store& store) const;
  // Takes back what one revision changed, leaving alone `changed_later`, what others have changed since.
  static WayBack UndoAlone(const Undo& undo, const std::set<OperationSet::Key>& changed_later, const Store& store);

 private:
  struct Revision {
    v1::HistoryEntry entry;
    std::optional<Undo> undo;  // none: it took too much room
  };

  std::deque<Revision> revisions_;  // the newest in front, without gaps
  size_t undo_bytes_ = 0;
};

}  // namespace fairlead::control
