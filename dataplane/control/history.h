#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "dataplane/control/operation_set.h"
#include "dataplane/control/store.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/history.pb.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// The last revisions: who made them, when and why, and what they replaced, so that one can go back to them. What was
// replaced is kept, not whole states: a revision costs as much as it changed. On the control thread, owned by the
// transactor.
class History {
 public:
  static constexpr size_t kMaxRevisions = persistence::History::kMaxRevisions;
  static constexpr size_t kMaxUndoBytes = persistence::History::kMaxUndoBytes;

  // A revision that is about to be committed, the one after the last.
  void Add(v1::HistoryEntry entry, persistence::Undo undo);
  // Begins with what was saved.
  void Restore(persistence::History saved);
  // All that is remembered, the newest in front.
  const persistence::History& remembered() const { return remembered_; }
  // The newest; null: there is none.
  const v1::HistoryEntry* newest() const {
    return remembered_.revisions().empty() ? nullptr : &remembered_.revisions().front().entry();
  }
  // What it replaced; empty where that is not known, or was nothing.
  const std::string& newest_undo() const;
  // Null where it is not remembered.
  const v1::HistoryEntry* Find(uint64_t revision) const;
  // Null where the transaction made no revision that is remembered.
  const v1::HistoryEntry* FindTransaction(std::string_view id) const;

  // What has become of a trial; nothing for a revision that is not remembered any more.
  void SetTrial(uint64_t revision, v1::HistoryEntry::Trial trial) { remembered_.SetTrial(revision, trial); }

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
  static WayBack UndoAlone(const persistence::Undo& undo, const std::set<OperationSet::Key>& changed_later,
                           const Store& store);

 private:
  persistence::History remembered_;
  uint64_t restored_ = 0;  // the last revision of those that the proxy was started with
};

}  // namespace fairlead::control
