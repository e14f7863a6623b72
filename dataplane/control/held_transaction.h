#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/control/compiler.h"
#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/control/submission.h"
#include "dataplane/health/health_table.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::control {

// A transaction that is prepared (v1::Prepare): compiled, its sockets open, waiting for its Commit. While it waits,
// nothing but health changes in the store, and what changes there reaches it here, so that no decision is lost when it
// is switched to:
//   - decisions by reports are looked up again for the servers that had some (NoteHealth);
//   - words of controllers (set_health) change the store itself, so that it is compiled anew (Rebase), with these words
//     in the place of its own: they came later.
//
// On the control thread, owned by the transactor.
class HeldTransaction {
 public:
  // Who prepared it is answered `prepared`, and so is whoever prepares it again.
  HeldTransaction(std::unique_ptr<Submission> submission, Staged staged, v1::Prepared prepared);

  const std::string& id() const { return submission_->transaction.id(); }
  const Submission& submission() const { return *submission_; }
  std::shared_ptr<v1::FromProxy> answer() const { return answer_; }
  // For who asks what is prepared.
  v1::Prepared Describe() const;

  // Commit came: it is to be switched to at `due_us`, which was said as `at_us`.
  void CommitAt(uint64_t at_us, uint64_t due_us);
  // They want to know what becomes of the Commit.
  void AddWaiters(std::vector<AnswerWaiter> waiters) {
    std::ranges::move(waiters, std::back_inserter(submission_->waiters));
  }
  void Forget(uint64_t ticket) { submission_->Forget(ticket); }
  // As Commit said; nothing: none has come.
  std::optional<uint64_t> commit_at_us() const { return commit_at_us_; }
  // By the wall clock; of one that Commit has come for.
  uint64_t due_us() const { return due_us_; }

  // Servers have another health by reports than when this was staged, or may have.
  void NoteHealth(const std::vector<config::ChangeList::ServerChange>& places);
  // A transaction was taken that said something of servers' health, and nothing else; it may have changed nothing.
  void NoteWords(const v1::Transaction& transaction);

  // The words of others have changed the store since this was staged.
  bool stale() const { return !words_.empty(); }
  // Stages it anew, against the store as it is. The violations are those of a transaction that passed before, and can
  // only be about time: a certificate that has expired meanwhile.
  std::optional<Violations> Rebase(Compiler& compiler, const Store& store);

  // What is to be committed, with the health that is known now; and the transaction that it came by. It is not stale.
  std::pair<std::unique_ptr<Submission>, Staged> Release(const health::HealthTable& health) &&;
  // The transaction, where it is dropped.
  std::unique_ptr<Submission> Drop() && { return std::move(submission_); }

 private:
  using ServerName = std::pair<std::string, std::string>;  // of the backend, of the server

  // Puts later words in the place of the transaction's own.
  void PutWordsIntoOperations();
  void PutWordsIntoSnapshot();

  std::unique_ptr<Submission> submission_;
  std::optional<Staged> staged_;  // refers to the submission's texts
  std::shared_ptr<v1::FromProxy> answer_;
  std::optional<uint64_t> commit_at_us_;
  uint64_t due_us_ = 0;
  std::map<ServerName, v1::HealthState> words_;  // since it was staged
  absl::flat_hash_set<std::pair<config::BackendSlot, config::ServerSlot>> health_places_;
};

}  // namespace fairlead::control
