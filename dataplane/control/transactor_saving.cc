// What of the transactor outlives the process.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/listener_sockets.h"
#include "dataplane/control/transactor.h"
#include "dataplane/control/vote_saver.h"
#include "dataplane/persistence/history.h"

namespace fairlead::control {

namespace {

constexpr uint64_t kBindRetryMs = 1'000;

}  // namespace

persistence::Record Transactor::MakeRecord() {
  persistence::Record record;
  record.entry.set_leader_epoch(leader_epoch_);
  saved_epoch_ = leader_epoch_;
  return record;
}

persistence::Trial Transactor::DescribeTrial() const {
  persistence::Trial trial;
  *trial.mutable_revision() = trial_->entry;
  trial.set_undo_to_nothing(trial_->undo.to_nothing());
  trial.set_undo(trial_->undo.operations());
  for (const OperationSet::Key& key : trial_->changed_later) {
    // Words on health alone are let through: "backend/server".
    const size_t slash = key.second.find('/');
    v1::HealthState& word = *trial.add_changed_later()->mutable_set_health();
    word.set_backend(key.second.substr(0, slash));
    word.set_server(key.second.substr(slash + 1));
  }
  return trial;
}

void Transactor::SaveRevision(Submission& submission, bool ends_trial) {
  persistence::Record record = MakeRecord();
  *record.entry.mutable_revision() = *history_.newest();
  record.entry.set_transaction_hash(submission.hash);
  if (ends_trial) record.entry.set_trial_ended(v1::HistoryEntry::REVERTED);
  if (history_.newest()->trial() == v1::HistoryEntry::UNCONFIRMED) *record.entry.mutable_trial() = DescribeTrial();
  if (submission.transaction.has_snapshot()) record.undo = history_.newest_undo();
  // The transaction itself, without a copy: from here on it belongs to whoever writes it.
  auto change = std::make_shared<v1::Transaction>();
  change->Swap(&submission.transaction);
  submission.transaction.set_id(change->id());
  memory_return_.Note(change->ByteSizeLong());
  record.change = std::move(change);
  saver_.Put(std::move(record));
}

void Transactor::SaveLeaderEpoch() {
  if (saver_.saves() && saved_epoch_ != leader_epoch_) saver_.Put(MakeRecord());
}

void Transactor::SaveTrialEnd(v1::HistoryEntry::Trial how) {
  if (!saver_.saves()) return;
  persistence::Record record = MakeRecord();
  record.entry.set_trial_ended(how);
  saver_.Put(std::move(record));
}

void Transactor::SaveAll(v1::Snapshot config) {
  auto change = std::make_shared<v1::Transaction>();
  *change->mutable_snapshot() = std::move(config);
  persistence::Record record = MakeRecord();
  record.change = std::move(change);
  if (history_.newest() != nullptr) *record.entry.mutable_revision() = *history_.newest();
  record.history = std::make_shared<const persistence::History>(history_.remembered());
  if (trial_.has_value()) *record.entry.mutable_trial() = DescribeTrial();
  memory_.ForEach([&](const AnswerMemory::Entry& entry) {
    if (!entry.answer->has_applied() || entry.answer->applied().dry_run()) return;
    persistence::Answer& answer = *record.answers.add_answers();
    answer.set_transaction_hash(entry.hash);
    *answer.mutable_applied() = entry.answer->applied();
    answer.mutable_applied()->set_saved(true);
  });
  saver_.Put(std::move(record));
}

absl::Status Transactor::Restore(persistence::Restored restored, absl::AnyInvocable<void()> on_adopted) {
  leader_epoch_ = saved_epoch_ = restored.leader_epoch;
  const v1::HistoryEntry newest = restored.history.newest();
  if (newest.revision() == 0) {  // a leader was heard, and nothing was applied
    on_adopted();
    return absl::OkStatus();
  }
  v1::Transaction transaction;
  *transaction.mutable_snapshot() = std::move(restored.config);
  std::variant<Violations, Staged> compiled = compiler_.Compile(transaction, *store_);
  if (const Violations* found = std::get_if<Violations>(&compiled)) {
    std::string text;
    for (const v1::Violation& violation : found->list()) {
      text += base::StrCat(text.empty() ? "" : "; ", violation.path(), ": ", violation.message());
    }
    return absl::InvalidArgumentError(text);
  }
  Staged& staged = std::get<Staged>(compiled);
  if (api::Fingerprint(staged.fingerprint).ToHex() != newest.fingerprint()) {
    return absl::InvalidArgumentError("it holds what this version of the program does not know");
  }
  OpenRestoredSockets(*store_, workers_, staged);
  for (persistence::Answer& answer : *restored.answers.mutable_answers()) {
    auto message = std::make_shared<v1::FromProxy>();
    *message->mutable_applied() = std::move(*answer.mutable_applied());
    memory_.Add(message->applied().transaction_id(), answer.transaction_hash(), message);
  }
  auto publication = std::make_unique<Publication>();
  publication->on_adopted = std::move(on_adopted);
  history_.Restore(std::move(restored.history));
  publication->changes = PutInForce(newest.revision(), std::move(staged));
  VoteSaver::Restore(restored.votes, *health_);
  if (!UnboundListeners(*store_->snapshot()).empty()) timers_->Schedule(&bind_timer_, kBindRetryMs);
  memory_return_.Note(transaction.ByteSizeLong());
  StartPublication(std::move(publication));
  return absl::OkStatus();
}

void Transactor::OnBindDue(void* transactor) {
  auto* self = static_cast<Transactor*>(transactor);
  self->bind_is_due_ = true;
  self->Proceed();
}

void Transactor::BindListeners() {
  bind_is_due_ = false;
  // What is prepared was staged with the sockets that there were.
  if (held_ != nullptr) return timers_->Schedule(&bind_timer_, kBindRetryMs);
  auto snapshot = std::make_shared<config::Snapshot>(*store_->snapshot());
  auto publication = std::make_unique<Publication>();
  publication->changes.list.listeners = OpenMissingSockets(workers_, *snapshot);
  if (!UnboundListeners(*snapshot).empty()) timers_->Schedule(&bind_timer_, kBindRetryMs);
  if (publication->changes.list.listeners.empty()) return;
  store_->CommitSockets(std::move(snapshot), publication->changes.list.listeners);
  StartPublication(std::move(publication));
}

}  // namespace fairlead::control
