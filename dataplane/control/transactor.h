#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/control/answer_memory.h"
#include "dataplane/control/background.h"
#include "dataplane/control/changes.h"
#include "dataplane/control/compiler.h"
#include "dataplane/control/hash_tables.h"
#include "dataplane/control/held_transaction.h"
#include "dataplane/control/history.h"
#include "dataplane/control/memory_return.h"
#include "dataplane/control/operation_set.h"
#include "dataplane/control/saver.h"
#include "dataplane/control/scopes.h"
#include "dataplane/control/store.h"
#include "dataplane/control/submission.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/health_table.h"
#include "dataplane/persistence/history.pb.h"
#include "dataplane/persistence/record.h"
#include "dataplane/persistence/restored.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// Takes transactions one after another and answers each: Rejected, with nothing changed, or Applied, once every worker
// serves what the transaction made. Publishes changes of health, and tables of hashes, between them. At most one
// publication is under way, so that each is told from the one before it. Remembers the last revisions, goes back to
// them, and changes back the one on trial that nobody confirms. Holds one prepared transaction, and switches to it when
// it is time (transactor_held.cc).
//
// Owned by the control core, on the control thread.
class Transactor {
 public:
  // Hands a snapshot to the workers, and calls `on_all_adopted` on the control thread when each of them serves it; not
  // after the transactor has ended.
  using Publish = absl::AnyInvocable<void(std::shared_ptr<const config::Snapshot>, config::ChangeList,
                                          absl::AnyInvocable<void()> on_all_adopted)>;
  // Applied, Rejected or Prepared. Called once, from Submit or later.
  using OnAnswer = absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)>;
  // The time by which controllers set a Commit: Unix time in microseconds.
  using WallClock = absl::AnyInvocable<uint64_t()>;
  // The workers serve a changed state: what is different from the one that they served before.
  using OnAdopted = absl::AnyInvocable<void(const Changes&)>;
  struct Saving {
    Saver::Save save = nullptr;  // null: nothing is saved
    std::chrono::milliseconds wait{0};
  };

  // `store` and `health` outlive the transactor, which alone changes the first, and tells the second of servers and of
  // the controller's words. `health` tells HealthChanged of what reports change.
  Transactor(int workers, event::TimerWheel* timers, WallClock wall_clock, Store* store, health::HealthTable* health,
             Background background, Publish publish, OnAdopted on_adopted, Saving saving);
  ~Transactor();
  Transactor(const Transactor&) = delete;
  Transactor& operator=(const Transactor&) = delete;

  // Puts a transaction at the end of the queue; `source` is where it came from, for the history. The ticket names it
  // for Forget.
  uint64_t Submit(v1::Transaction transaction, identity::Peer peer, OnAnswer on_answer);
  // The same of the two phases of a fleet's change: v1::Prepare, Commit, Abort.
  uint64_t Prepare(v1::Prepare prepare, identity::Peer peer, OnAnswer on_answer);
  uint64_t Commit(const v1::Commit& commit, identity::Peer peer, OnAnswer on_answer);
  uint64_t Abort(const v1::Abort& abort, identity::Peer peer, OnAnswer on_answer);
  // Whoever waited for the answer is gone. The transaction goes on.
  void Forget(uint64_t ticket);

  // The health of a server that exists changed by other means than a transaction. Published soon: changes that come
  // within a few milliseconds, or while something else is being published, go together.
  void HealthChanged(std::string_view backend, std::string_view server);

  // Ends the trial of the revision that this transaction made: it stands. The answer, Confirmed, says why it does not;
  // the ticket names it for Forget.
  uint64_t Confirm(const std::string& transaction_id, const identity::Peer& peer, OnAnswer on_answer);
  const History& history() const { return history_; }
  // The revision that is on trial; nothing: none is.
  std::optional<v1::HistoryEntry> FindUnconfirmed() const;
  // What is prepared; nothing: nothing is.
  std::optional<v1::Prepared> FindPrepared() const;
  // How many prepared transactions were dropped, and how late the last one was that was committed: from the time that
  // was said to the last worker's word that it serves it.
  uint64_t prepared_dropped() const { return prepared_dropped_; }
  std::chrono::microseconds commit_lateness() const { return commit_lateness_; }

  // Begins with what was saved, before anything else is called: `on_adopted` when all workers serve it. Listeners that
  // can't be bound are tried again every second, and lack their sockets until then. INVALID_ARGUMENT: it is not valid
  // for this version.
  absl::Status Restore(persistence::Restored restored, absl::AnyInvocable<void()> on_adopted);
  // What is on the disk: see Saver.
  void OnSaved(uint64_t number, bool is_stuck) { saver_.OnSaved(number, is_stuck); }
  // Saves everything, whatever was saved before: the state's resources, with their secrets.
  void SaveAll(v1::Snapshot config);

  // The highest epoch that a transaction came with; 0: none did.
  uint64_t leader_epoch() const { return leader_epoch_; }
  // How many transactions were answered so, repeated ones and dry runs among them.
  uint64_t applied() const { return applied_; }
  uint64_t rejected() const { return rejected_; }
  const HashTables& hash_tables() const { return hash_tables_; }

 private:
  static constexpr char kTakesEverything[] =
      "takes the right to everything (a permission of kind ALL without id_prefix), since it concerns everybody";

  // Before a switch at a set time, nothing is begun for so long, and twice the time that its compilation took.
  static constexpr std::chrono::microseconds kStillness{2'000};

  // What the workers have been told, and may not serve yet.
  struct Publication {
    Changes changes;
    // Of a transaction; none for a change of health alone.
    std::unique_ptr<Submission> submission;
    v1::Applied applied;
    // When it was to be switched to, by the wall clock; nothing: it was not prepared.
    std::optional<uint64_t> due_us;
    // Of what was restored.
    absl::AnyInvocable<void()> on_adopted;
  };

  // A revision that waits for its confirmation (Transaction.confirm_within). So many words on health may come meanwhile
  // that the history forgets it: all that it needs is here.
  struct Trial {
    v1::HistoryEntry entry;
    persistence::Undo undo;
    std::set<OperationSet::Key> changed_later{};  // by revisions since
    uint64_t within_ms = 0;
    std::optional<uint64_t> ends_ms{};  // from its adoption on
    std::string error{};                // why it could not be changed back
  };

  uint64_t Enqueue(std::unique_ptr<Submission> submission, OnAnswer on_answer);
  // Takes what waits, as far as nothing is being published.
  void Proceed();
  void Take(std::unique_ptr<Submission> submission);
  void TakeTransaction(std::unique_ptr<Submission> submission);
  // The transaction's own fields, against the state in force.
  void CheckOwnFields(const Submission& submission, Violations& violations);
  // What keeps everybody else out, or concerns all resources.
  static void CheckRights(const Submission& submission, const Rights& rights, Violations& violations);
  void CheckLeaderEpoch(const v1::Transaction& transaction, Violations& violations);
  void CheckTrial(const Submission& submission, Violations& violations);
  // What goes on beside a trial, or beside a transaction that is held.
  static bool OnlySetsHealth(const Submission& submission);
  // That what leads back was staged, and nothing else: the way may have come from the disk.
  void CheckRollback(const Submission& submission, const Staged& staged, Violations& violations) const;
  // Puts what leads back to an earlier revision in the place of rollback_to. False: nothing does, since it is in force.
  bool ResolveRollback(Submission& submission, Violations& violations);
  // With its sockets; what it opened is closed again where something is wrong.
  std::variant<Violations, Staged> Compile(v1::Transaction& transaction, const Rights& rights = Rights());
  // `due_us`: as of Publication.
  void CommitStaged(std::unique_ptr<Submission> submission, Staged staged, std::optional<uint64_t> due_us = {});
  // Makes of what was staged the state in force, with the health that is decided for it; what that changes is to be
  // published.
  Changes PutInForce(uint64_t revision, Staged staged);
  v1::HistoryEntry MakeHistoryEntry(const Submission& submission, const v1::Applied& applied) const;
  // Puts a revision that is about to be committed into the history, and where it says so, on trial.
  void Remember(const Submission& submission, v1::HistoryEntry entry, persistence::Undo undo);
  // With a revision that takes it back, or by itself.
  void EndTrial(v1::HistoryEntry::Trial how);
  void SaveTrialEnd(v1::HistoryEntry::Trial how);
  // The revision that was just committed; of its transaction only what its answer needs is left.
  void SaveRevision(Submission& submission, bool ends_trial);
  persistence::Record MakeRecord();
  persistence::Trial DescribeTrial() const;
  // Changes back what is on trial.
  void Revert();
  // Gives listeners that could not be bound when they were restored their sockets, where that can be done now.
  void BindListeners();

  // What is prepared: transactor_held.cc.
  void CheckHeld(const Submission& submission, Violations& violations);
  static void CheckHold(const Submission& submission, Violations& violations);
  // Answers what names the transaction that is held, and neither commits nor aborts it.
  void AnswerForHeld(Submission& submission);
  void Hold(std::unique_ptr<Submission> submission, Staged staged);
  // That there is the transaction that a Commit or Abort is for, and that its sender leads. False: it was answered.
  bool CheckIsHeld(Submission& submission);
  void TakeCommit(std::unique_ptr<Submission> submission);
  void TakeAbort(Submission& submission);
  // Something is to be switched to within this time.
  bool CommitIsWithin(std::chrono::microseconds time);
  void ScheduleCommit();
  // False: it could not be, and was dropped.
  bool RebaseHeld();
  void SwitchToHeld();
  void NoteSwitch(uint64_t due_us, v1::Applied& applied);
  // Tells those who wait for its Commit, too.
  std::shared_ptr<v1::FromProxy> DropHeld(const Violations& why);

  void StartPublication(std::unique_ptr<Publication> publication);
  void Adopted();
  // What goes along with any publication: `changes` gets what workers must look at besides.
  void AddHealth(config::ChangeList& changes);
  void AddHashTables(config::ChangeList& changes);
  // Where servers whose health changed are; those that are gone by now are left out.
  std::vector<config::ChangeList::ServerChange> TakeHealthChanges();

  v1::Applied MakeApplied(const Submission& submission, const Staged& staged) const;
  std::shared_ptr<v1::FromProxy> MakeRejected(const Submission& submission, const Violations& violations) const;
  // Answers that the transaction is in force, or would be.
  void Apply(Submission& submission, v1::Applied applied);
  // Remembers the answer for the transaction's id, which is new, and delivers it.
  void Answer(Submission& submission, std::shared_ptr<v1::FromProxy> answer);
  // Where it has risen since something was saved: what is refused or without effect may tell of a new leader, too.
  void SaveLeaderEpoch();
  void DeliverIdReused(Submission& submission);
  void Deliver(Submission& submission, std::shared_ptr<v1::FromProxy> answer);
  void DeliverTo(std::vector<AnswerWaiter> waiters, const std::shared_ptr<v1::FromProxy>& answer);

  static void OnHealthDue(void* transactor);
  static void OnTrialOver(void* transactor);
  static void OnBindDue(void* transactor);
  static void OnHoldOver(void* transactor);
  static void OnCommitDue(void* transactor);

  event::TimerWheel* const timers_;
  WallClock wall_clock_;
  Store* const store_;
  health::HealthTable* const health_;
  Compiler compiler_;
  const int workers_;
  Publish publish_;
  OnAdopted on_adopted_;

  std::deque<std::unique_ptr<Submission>> queue_;
  uint64_t last_ticket_ = 0;
  uint64_t leader_epoch_ = 0;
  uint64_t applied_ = 0;
  uint64_t rejected_ = 0;
  Saver saver_;
  uint64_t saved_epoch_ = 0;
  AnswerMemory memory_;
  History history_;
  std::optional<Trial> trial_;
  event::Timer trial_timer_{&OnTrialOver, this};
  bool revert_is_due_ = false;
  event::Timer bind_timer_{&OnBindDue, this};  // while a restored listener is not bound
  bool bind_is_due_ = false;
  std::unique_ptr<HeldTransaction> held_;  // null: nothing is prepared
  std::chrono::microseconds held_compile_time_{0};
  event::Timer hold_timer_{&OnHoldOver, this};
  event::Timer commit_timer_{&OnCommitDue, this};
  uint64_t prepared_dropped_ = 0;
  std::chrono::microseconds commit_lateness_{0};
  MemoryReturn memory_return_{timers_};
  HashTables hash_tables_;
  std::unique_ptr<Publication> publication_;  // null: none is under way
  bool proceeding_ = false;

  // Servers, by backend and id, whose health differs from what was published.
  absl::flat_hash_set<std::pair<std::string, std::string>> health_changes_;
  event::Timer health_timer_{&OnHealthDue, this};
  bool health_is_due_ = false;
};

}  // namespace fairlead::control
