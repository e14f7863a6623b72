#pragma once

#include <memory>
#include <string>

#include "dataplane/persistence/entry.pb.h"
#include "dataplane/persistence/history.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::persistence {

// What is saved together, or not at all. A value; the transaction is shared with whoever made it, and changes no more.
struct Record {
  // Its operations, or its snapshot, which replaces all: what makes the entry's revision of the one before. Null: the
  // entry has none.
  std::shared_ptr<const v1::Transaction> change;
  // Where the change is a snapshot that leaves much as it was: the operations of a v1::Transaction, serialised, that
  // lead back, so that only what differs is written (MakeRedo). Else empty.
  std::string undo;
  // Of earlier transactions. Only beside a snapshot that a file is to begin with.
  Answers answers;
  // Of the revisions up to this one. Only beside such a snapshot; null: it is not known.
  std::shared_ptr<const History> history;
  // Its number is the journal's to give.
  Entry entry;
};

}  // namespace fairlead::persistence
