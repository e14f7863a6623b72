#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/control/background.h"
#include "dataplane/control/hash_tables.h"
#include "dataplane/control/saver.h"
#include "dataplane/control/subscribers.h"
#include "dataplane/control/vote_saver.h"
#include "dataplane/control/worker_status.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/health_table.h"
#include "dataplane/identity/peer.h"
#include "dataplane/net/address.h"
#include "dataplane/persistence/restored.h"

namespace fairlead::v1 {
class Abort;
class Commit;
class FromProxy;
class History;
class HistoryEntry;
class Prepare;
class Prepared;
class SavingStatus;
class StateReport;
class Transaction;
}  // namespace fairlead::v1

namespace fairlead::control {

class StateReporter;
class Store;

// The control side's middle: what is in force, what is said of health, and the queue of transactions that change it.
// Controllers come to it through sessions (GrpcServer, Dialer); reporters, the admin pages and the server that puts the
// program together call it directly. Knows no gRPC.
//
// On the control thread, owned by the server. Outlives every session; nothing calls `on_all_adopted` after its end.
class ControlCore {
 public:
  struct Options {
    int workers = 1;
    // Of Hello.
    std::string node_id;
    std::string zone;
    std::string version;
    std::chrono::milliseconds heartbeat_interval{5'000};
    std::chrono::milliseconds heartbeat_timeout{15'000};
    // The control loop's; outlives the core.
    event::TimerWheel* timers = nullptr;
    // Unix time in microseconds, by which controllers set a Commit.
    absl::AnyInvocable<uint64_t()> wall_clock = base::UnixMicros;
    // Hands a snapshot to the workers, each of which goes from the one before to it by the change list; when all of
    // them serve it, `on_all_adopted` is to be called, on the control thread. The next comes only after that.
    absl::AnyInvocable<void(std::shared_ptr<const config::Snapshot>, config::ChangeList,
                            absl::AnyInvocable<void()> on_all_adopted)>
        publish;
    // For what takes long.
    Background background = nullptr;
    // Saves what is to outlive the process (persistence::Journal); null: nothing does.
    Saver::Save save = nullptr;
    // How long an answer waits for that.
    std::chrono::milliseconds save_wait{0};
    // Saves what reporters said, in the place of what was saved before; null: nothing does.
    VoteSaver::Save save_votes = nullptr;
    // How that fares, for those who ask. Where there is `save`.
    absl::AnyInvocable<v1::SavingStatus()> get_saving;
    // Of each worker, by index.
    absl::AnyInvocable<std::vector<WorkerStatus>()> get_workers;
    // Gets lines for operators. Null: nobody reads them.
    absl::AnyInvocable<void(std::string_view line)> log;
    // Connections that are open on a listener, over all workers.
    absl::AnyInvocable<uint32_t(std::string_view listener)> get_listener_connections;
  };

  explicit ControlCore(Options options);
  ~ControlCore();
  ControlCore(const ControlCore&) = delete;
  ControlCore& operator=(const ControlCore&) = delete;

  const Options& options() const { return options_; }
  // Unix time in microseconds.
  uint64_t WallClock() { return options_.wall_clock(); }

  // Begins with what was saved, before anything else is called: `on_adopted` when all workers serve it. A listener that
  // can't be bound lacks its sockets, and is tried again every second. INVALID_ARGUMENT: it is not valid for this
  // version.
  absl::Status Restore(persistence::Restored restored, absl::AnyInvocable<void()> on_adopted);
  // What is on the disk: all that `save` was given up to this number. `is_stuck`: no more can be written now.
  void OnSaved(uint64_t number, bool is_stuck);
  // Gives `save` everything, whatever it was given before.
  void SaveAll();

  // What is in force: of all that was published, the last, which some worker may not serve yet.
  const std::shared_ptr<const config::Snapshot>& snapshot() const;
  uint64_t revision() const { return snapshot()->revision; }
  // 32 hexadecimal digits.
  std::string fingerprint() const;
  // The highest that a transaction came with; 0: none did.
  uint64_t leader_epoch() const;
  // How many were answered so since the start, repeated ones and dry runs among them.
  uint64_t transactions_applied() const;
  uint64_t transactions_rejected() const;
  HashTables::Totals hash_table_totals() const;

  struct BoundListener {
    std::string id;
    net::Address address;  // with the port that 0 became
  };
  std::vector<BoundListener> bound_listeners() const;

  // Where reporters' servers put their reports; what these decide is with the workers a few milliseconds later.
  health::HealthTable& health();

  // Takes the transaction when those before it are done. `on_answer` is called once, from here or later, with Applied
  // or Rejected. The ticket names it for ForgetAnswer. `peer` sent it, and has to have the right to (v1::Scope).
  uint64_t SubmitTransaction(v1::Transaction transaction,
                             absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)> on_answer,
                             identity::Peer peer = {});
  // The same of the two phases of a fleet's change (v1::Prepare, Commit, Abort); on_answer has Prepared as well.
  using OnAnswer = absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)>;
  uint64_t Prepare(v1::Prepare prepare, OnAnswer on_answer, identity::Peer peer = {});
  uint64_t Commit(const v1::Commit& commit, OnAnswer on_answer, identity::Peer peer = {});
  uint64_t Abort(const v1::Abort& abort, OnAnswer on_answer, identity::Peer peer = {});
  // What is prepared, if something is.
  std::optional<v1::Prepared> FindPrepared() const;
  bool holds_prepared() const;
  // Prepared transactions that were dropped, and how late the last one was that was committed at a set time.
  uint64_t prepared_dropped() const;
  std::chrono::microseconds commit_lateness() const;
  // Whoever waited for the answer is gone: `on_answer` is not called any more. The transaction goes on.
  void ForgetAnswer(uint64_t ticket);
  // Ends the trial of the revision that this transaction made (Transaction.confirm_within). `on_answer` is called once,
  // from here or later, with Confirmed. The ticket names it for ForgetAnswer.
  uint64_t Confirm(const std::string& transaction_id, const identity::Peer& peer,
                   absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)> on_answer);
  // The last revisions, the newest first, at most `limit`.
  v1::History ReportHistory(size_t limit) const;
  // The resources of an earlier revision, or the error that says why they are not known.
  v1::StateReport ReportRevision(uint64_t revision);
  // The revision that is on trial, if one is.
  std::optional<v1::HistoryEntry> FindUnconfirmed() const;
  // How saving fares; nothing: nothing is saved.
  std::optional<v1::SavingStatus> FindSaving();

  // The state in force, for those who change it from here.
  const Store& store() const;
  // For sessions: what they tell, and when there is something new to tell.
  StateReporter& reporter();
  Subscribers& subscribers();

 private:
  struct Impl;

  Options options_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::control
