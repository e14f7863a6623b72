#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/persistence/entry.pb.h"
#include "dataplane/persistence/frames.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/record.h"
#include "dataplane/persistence/resource_key.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/resources.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::persistence {

// All that is saved: what the records of a file make together. Resources are kept as the bytes of the operations that
// would put them there, which is what a new file of the same state consists of. What each record replaced is found as
// it comes, which makes the history; of what was before a file began, that is in a file of its own (history_file.h). A
// value, for one thread; costs about what the files do, and 100 bytes for each resource.
class Image {
 public:
  // Answers that are remembered, as control::AnswerMemory does.
  static constexpr size_t kMaxAnswers = 4'096;

  // Does what an applied transaction did. Removing what is not there is nothing.
  void Change(const v1::Transaction& change);
  void Add(const Answers& answers);
  // Ends a record.
  void End(const Entry& entry);
  // What was before the first record, as far as it is known.
  void GoOnFrom(const History& earlier) { history_.GoOnFrom(earlier); }

  // Of the last record; 0: there was none.
  uint64_t number() const { return number_; }
  // The last; 0 where there was none.
  const v1::HistoryEntry& revision() const { return history_.newest(); }
  const History& history() const { return history_; }
  uint64_t leader_epoch() const { return leader_epoch_; }
  const std::deque<Answer>& answers() const { return answers_; }
  bool on_trial() const { return trial_.has_revision(); }

  // Changes back what is on trial, as one more revision, at this time: nobody can confirm it any more. The record is
  // what a file needs to say the same.
  Record Revert(uint64_t now_ms);

  v1::Snapshot MakeSnapshot() const;
  // Whether what is there has the fingerprint that its revision says. As costly as MakeSnapshot.
  bool FingerprintIsRight() const;

  // Calls `write` with the frames of a file that says the same, without the history: in pieces of about kPieceBytes.
  static constexpr size_t kPieceBytes = size_t{1} << 20;
  void Write(const std::function<void(FrameType, std::string_view payload)>& write) const;

 private:
  // By id: v1::Operation, serialised.
  using Resources = std::map<std::string, std::string>;
  struct Backend {
    std::string operation;
    Resources servers;
    Resources health;
  };
  void Replace(const v1::Snapshot& snapshot);
  void PutWhole(const v1::Backend& backend);
  void Put(const v1::Operation& operation);
  // The operation that puts this there; null: it is not there.
  const std::string* Find(const ResourceKey& key) const;
  // Where the operation that puts this there lies, or would; null: what it belongs to is not there.
  std::string* FindPlace(const ResourceKey& key);
  void Remove(const v1::Operation& operation);
  bool is_nothing() const;
  // It is about to change.
  void Note(const ResourceKey& key);
  void NoteWhole(const std::string& backend);
  // What leads back to the last record.
  Undo TakeUndo();
  void ForEachOperation(const std::function<void(const std::string& operation)>& visit) const;

  uint64_t number_ = 0;
  History history_;
  uint64_t leader_epoch_ = 0;
  Trial trial_;
  std::deque<Answer> answers_;

  std::map<int, Resources> kinds_;  // all but backends and what they have, by ResourceKey::kind
  std::map<std::string, Backend> backends_;

  // Since the last record: what was there before of what may have changed; empty: it was not there.
  std::map<ResourceKey, std::string> before_;
  bool was_nothing_ = true;  // nothing was there: the above is not needed
};

}  // namespace fairlead::persistence
