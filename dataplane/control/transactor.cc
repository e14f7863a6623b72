#include "dataplane/control/transactor.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/control/compilation.h"
#include "dataplane/control/health_commit.h"
#include "dataplane/control/impact.h"
#include "dataplane/control/listener_sockets.h"
#include "dataplane/control/preconditions.h"
#include "dataplane/control/undo.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxTransactionIdBytes = 128;
// How long a change of health waits for others to go with. With the time that a publication takes it stays below 10 ms.
constexpr uint64_t kHealthDelayMs = 5;

google::protobuf::Duration Since(std::chrono::steady_clock::time_point start) {
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
  google::protobuf::Duration duration;
  duration.set_seconds(elapsed / 1'000'000'000);
  duration.set_nanos(static_cast<int32_t>(elapsed % 1'000'000'000));
  return duration;
}

}  // namespace

Transactor::Transactor(int workers, event::TimerWheel* timers, WallClock wall_clock, Store* store,
                       health::HealthTable* health, Background background, Publish publish, OnAdopted on_adopted,
                       Saving saving)
    : timers_(timers),
      wall_clock_(std::move(wall_clock)),
      store_(store),
      health_(health),
      compiler_(workers),
      workers_(workers),
      publish_(std::move(publish)),
      on_adopted_(std::move(on_adopted)),
      saver_(timers, std::move(saving.save), saving.wait),
      hash_tables_(timers, std::move(background), [this] { Proceed(); }) {}

Transactor::~Transactor() = default;

uint64_t Transactor::Submit(v1::Transaction transaction, identity::Peer peer, OnAnswer on_answer) {
  auto submission = std::make_unique<Submission>();
  submission->peer = std::move(peer);
  submission->transaction = std::move(transaction);
  return Enqueue(std::move(submission), std::move(on_answer));
}

uint64_t Transactor::Enqueue(std::unique_ptr<Submission> submission, OnAnswer on_answer) {
  const uint64_t ticket = ++last_ticket_;
  submission->waiters.push_back({ticket, std::move(on_answer)});
  queue_.push_back(std::move(submission));
  Proceed();
  return ticket;
}

void Transactor::Forget(uint64_t ticket) {
  for (const auto& submission : queue_) submission->Forget(ticket);
  if (held_ != nullptr) held_->Forget(ticket);
  if (publication_ != nullptr && publication_->submission != nullptr) publication_->submission->Forget(ticket);
  saver_.Forget(ticket);
}

void Transactor::Proceed() {
  // Answers make their receivers submit more: the loop below takes that, not a deeper call.
  if (proceeding_) return;
  proceeding_ = true;
  if (publication_ == nullptr && revert_is_due_) Revert();
  while (publication_ == nullptr) {
    if (CommitIsWithin(std::chrono::microseconds(0))) {
      SwitchToHeld();
      continue;
    }
    // Nothing is begun any more that a switch at a set time would have to wait for.
    if (queue_.empty() || CommitIsWithin(kStillness + 2 * held_compile_time_)) break;
    std::unique_ptr<Submission> submission = std::move(queue_.front());
    queue_.pop_front();
    Take(std::move(submission));
  }
  if (publication_ == nullptr && bind_is_due_) BindListeners();
  const bool publication_is_due = health_is_due_ || hash_tables_.due();
  if (publication_ == nullptr && publication_is_due && !CommitIsWithin(kStillness)) {
    StartPublication(std::make_unique<Publication>());
  }
  proceeding_ = false;
}

void Transactor::Take(std::unique_ptr<Submission> submission) {
  submission->taken = std::chrono::steady_clock::now();
  switch (submission->kind) {
    case Submission::Kind::kCommit:
      return TakeCommit(std::move(submission));
    case Submission::Kind::kAbort:
      return TakeAbort(*submission);
    case Submission::Kind::kTransaction:
    case Submission::Kind::kPrepare:
      return TakeTransaction(std::move(submission));
  }
}

void Transactor::TakeTransaction(std::unique_ptr<Submission> submission) {
  v1::Transaction& transaction = submission->transaction;
  Violations violations;
  const Path root;
  if (transaction.id().empty() || transaction.id().size() > kMaxTransactionIdBytes) {
    violations.Invalid(Path(root, "id"), base::StrCat("not 1 to ", kMaxTransactionIdBytes, " bytes"));
    return Deliver(*submission, MakeRejected(*submission, violations));
  }
  submission->hash = AnswerMemory::HashOf(transaction);
  if (held_ != nullptr && held_->id() == transaction.id()) return AnswerForHeld(*submission);
  if (const AnswerMemory::Entry* before = memory_.Find(transaction.id())) {
    if (before->hash == submission->hash) return Deliver(*submission, before->answer);
    return DeliverIdReused(*submission);
  }
  const Rights rights = store_->scopes().RightsOf(submission->peer);
  CheckRights(*submission, rights, violations);
  if (!violations.empty()) return Deliver(*submission, MakeRejected(*submission, violations));
  CheckOwnFields(*submission, violations);
  const bool leads_somewhere = !violations.empty() || ResolveRollback(*submission, violations);
  if (!violations.empty()) return Answer(*submission, MakeRejected(*submission, violations));
  std::variant<Violations, Staged> compiled = StageNothing(*store_);
  if (leads_somewhere) compiled = Compile(transaction, rights);
  if (const Violations* found = std::get_if<Violations>(&compiled)) {
    // With other rights it is another matter: whoever has none does not use up ids either.
    if (found->list().front().code() == v1::Violation::PERMISSION_DENIED) {
      return Deliver(*submission, MakeRejected(*submission, *found));
    }
    return Answer(*submission, MakeRejected(*submission, *found));
  }
  Staged& staged = std::get<Staged>(compiled);
  CheckRollback(*submission, staged, violations);
  if (!violations.empty()) {
    compiled = Violations();
    return Answer(*submission, MakeRejected(*submission, violations));
  }
  // Nothing but words on health comes through here meanwhile; what changes nothing now may contradict what is held.
  if (held_ != nullptr && !transaction.dry_run()) held_->NoteWords(transaction);
  if (submission->kind == Submission::Kind::kPrepare) return Hold(std::move(submission), std::move(staged));
  if (transaction.dry_run() || staged.changes_nothing()) {
    v1::Applied applied = MakeApplied(*submission, staged);
    if (transaction.dry_run()) *applied.mutable_impact() = FindImpact(*store_, staged, *health_);
    compiled = Violations();  // closes the sockets that a dry run opened, before anybody hears of it
    return Apply(*submission, std::move(applied));
  }
  CommitStaged(std::move(submission), std::move(staged));
}

void Transactor::CheckRights(const Submission& submission, const Rights& rights, Violations& violations) {
  if (rights.everything()) return;
  const v1::Transaction& transaction = submission.transaction;
  const auto deny = [&](std::string_view field) {
    violations.Add(v1::Violation::PERMISSION_DENIED, Path(Path(), field), kTakesEverything);
  };
  if (submission.kind == Submission::Kind::kPrepare) deny("prepare");
  if (transaction.has_rollback_to()) deny("rollback_to");
  if (transaction.has_confirm_within()) deny("confirm_within");
  if (transaction.has_leader_epoch()) deny("leader_epoch");
}

std::variant<Violations, Staged> Transactor::Compile(v1::Transaction& transaction, const Rights& rights) {
  std::variant<Violations, Staged> compiled = compiler_.Compile(transaction, *store_, rights);
  auto* const staged = std::get_if<Staged>(&compiled);
  if (staged == nullptr) return compiled;
  Violations violations;
  CheckPreconditions(transaction, *store_, *staged, *health_, violations);
  if (violations.empty()) OpenListenerSockets(*store_, workers_, *staged, violations);
  if (!violations.empty()) return violations;
  return compiled;
}

void Transactor::CheckOwnFields(const Submission& submission, Violations& violations) {
  const v1::Transaction& transaction = submission.transaction;
  const Path root;
  if (transaction.has_confirm_within()) {
    const Path place(root, "confirm_within");
    if (CheckDuration(transaction.confirm_within(), place, violations) < std::chrono::seconds(1) &&
        violations.empty()) {
      violations.Invalid(place, "less than 1 s");
    }
  }
  if (submission.kind == Submission::Kind::kPrepare) CheckHold(submission, violations);
  CheckTrial(submission, violations);
  CheckHeld(submission, violations);
  CheckLeaderEpoch(transaction, violations);
  const uint64_t revision = store_->snapshot()->revision;
  if (transaction.has_base_revision() && transaction.base_revision() != revision) {
    violations.Add(v1::Violation::STALE_BASE_REVISION, Path(root, "base_revision"),
                   base::StrCat(transaction.base_revision(), " is not ", revision, ", which is being served"));
  }
}

void Transactor::CheckLeaderEpoch(const v1::Transaction& transaction, Violations& violations) {
  if (!transaction.has_leader_epoch()) return;
  if (transaction.leader_epoch() < leader_epoch_) {
    violations.Add(v1::Violation::STALE_LEADER_EPOCH, Path(Path(), "leader_epoch"),
                   base::StrCat(transaction.leader_epoch(), " is below ", leader_epoch_, ", the highest seen"));
  } else if (!transaction.dry_run()) {
    leader_epoch_ = transaction.leader_epoch();
  }
}

bool Transactor::OnlySetsHealth(const Submission& submission) {
  const v1::Transaction& transaction = submission.transaction;
  return submission.kind == Submission::Kind::kTransaction && transaction.operations_size() > 0 &&
         !transaction.has_confirm_within() &&
         std::all_of(transaction.operations().begin(), transaction.operations().end(),
                     [](const v1::Operation& operation) { return operation.has_set_health(); });
}

void Transactor::CheckTrial(const Submission& submission, Violations& violations) {
  const v1::Transaction& transaction = submission.transaction;
  if (!trial_.has_value() || transaction.dry_run() || OnlySetsHealth(submission)) return;
  const v1::HistoryEntry& entry = trial_->entry;
  const bool ends_it = transaction.has_rollback_to() && transaction.rollback_to() < entry.revision();
  if (ends_it && submission.kind == Submission::Kind::kTransaction) return;
  violations.Add(
      v1::Violation::UNCONFIRMED, Path(),
      base::StrCat("revision ", entry.revision(), ", made by transaction ", health::Quote(entry.transaction_id()),
                   " of ", health::Quote(entry.author().empty() ? entry.source() : entry.author()),
                   ", is on trial: confirm it, go back to revision ", entry.revision() - 1,
                   ", or wait until it is changed back"));
}

bool Transactor::ResolveRollback(Submission& submission, Violations& violations) {
  v1::Transaction& transaction = submission.transaction;
  if (!transaction.has_rollback_to()) return true;
  const Path root;
  const Path place(root, "rollback_to");
  if (transaction.has_snapshot() || transaction.operations_size() > 0) {
    violations.Invalid(place, "beside a snapshot or operations; want exactly one of the three");
    return true;
  }
  std::optional<History::WayBack> way = history_.FindWayBack(transaction.rollback_to(), *store_);
  if (!way.has_value()) {
    violations.Add(
        v1::Violation::NOT_FOUND, place,
        base::StrCat("revision ", transaction.rollback_to(), " can't be returned to: it is ",
                     transaction.rollback_to() > store_->snapshot()->revision ? "yet to come"
                                                                              : "older than what is remembered"));
    return true;
  }
  submission.rollback_to = transaction.rollback_to();
  transaction.clear_rollback_to();
  if (way->leads_nowhere()) return false;
  way->PutInto(transaction);
  return true;
}

void Transactor::CheckRollback(const Submission& submission, const Staged& staged, Violations& violations) const {
  if (!submission.rollback_to.has_value()) return;
  const v1::HistoryEntry* const entry = history_.Find(*submission.rollback_to);
  const std::string fingerprint = api::Fingerprint(staged.fingerprint).ToHex();
  if (entry == nullptr || entry->fingerprint() == fingerprint) return;
  violations.Add(v1::Violation::NOT_FOUND, Path(Path(), "rollback_to"),
                 base::StrCat("what is remembered of revision ", entry->revision(), " makes ", fingerprint, ", not ",
                              entry->fingerprint()));
}

v1::HistoryEntry Transactor::MakeHistoryEntry(const Submission& submission, const v1::Applied& applied) const {
  const v1::Transaction& transaction = submission.transaction;
  v1::HistoryEntry entry;
  entry.set_revision(applied.revision());
  entry.set_fingerprint(applied.fingerprint());
  entry.set_time_ms(base::UnixMillis());
  entry.set_transaction_id(transaction.id());
  entry.set_author(transaction.author());
  entry.set_comment(transaction.comment());
  entry.set_leader_epoch(transaction.leader_epoch());
  entry.set_source(submission.peer.source);
  entry.set_added(applied.added());
  entry.set_changed(applied.changed());
  entry.set_removed(applied.removed());
  if (submission.rollback_to.has_value()) entry.set_rollback_to(*submission.rollback_to);
  if (transaction.has_confirm_within()) entry.set_trial(v1::HistoryEntry::UNCONFIRMED);
  return entry;
}

void Transactor::Remember(const Submission& submission, v1::HistoryEntry entry, persistence::Undo undo) {
  const v1::Transaction& transaction = submission.transaction;
  // Nothing but words on health, and what takes it back, is let through while another is on trial.
  if (trial_.has_value() && submission.rollback_to.has_value()) EndTrial(v1::HistoryEntry::REVERTED);
  if (trial_.has_value()) {
    for (const v1::Operation& word : transaction.operations()) trial_->changed_later.insert(OperationSet::KeyOf(word));
  }
  if (transaction.has_confirm_within()) {
    const google::protobuf::Duration& within = transaction.confirm_within();
    trial_ = {.entry = entry,
              .undo = undo,
              .within_ms = static_cast<uint64_t>(within.seconds() * 1'000 + within.nanos() / 1'000'000)};
  }
  history_.Add(std::move(entry), std::move(undo));
}

void Transactor::EndTrial(v1::HistoryEntry::Trial how) {
  timers_->Cancel(&trial_timer_);
  revert_is_due_ = false;
  history_.SetTrial(trial_->entry.revision(), how);
  trial_.reset();
}

uint64_t Transactor::Confirm(const std::string& transaction_id, const identity::Peer& peer, OnAnswer on_answer) {
  auto answer = std::make_shared<v1::FromProxy>();
  v1::Confirmed& confirmed = *answer->mutable_confirmed();
  confirmed.set_transaction_id(transaction_id);
  const v1::HistoryEntry* const entry = history_.FindTransaction(transaction_id);
  if (!store_->scopes().RightsOf(peer).everything()) {
    confirmed.set_error(base::StrCat("permission denied: ", kTakesEverything));
  } else if (trial_.has_value() && trial_->entry.transaction_id() == transaction_id) {
    confirmed.set_revision(trial_->entry.revision());
    EndTrial(v1::HistoryEntry::CONFIRMED);
    SaveTrialEnd(v1::HistoryEntry::CONFIRMED);
  } else if (entry == nullptr) {
    confirmed.set_error(base::StrCat("no revision is known that transaction ", health::Quote(transaction_id), " made"));
  } else {
    confirmed.set_revision(entry->revision());
    if (entry->trial() == v1::HistoryEntry::REVERTED) {
      confirmed.set_error(base::StrCat("revision ", entry->revision(), " was changed back"));
    }
  }
  const uint64_t ticket = ++last_ticket_;
  saver_.Answer(ticket, std::move(answer), std::move(on_answer));
  return ticket;
}

std::optional<v1::HistoryEntry> Transactor::FindUnconfirmed() const {
  if (!trial_.has_value()) return std::nullopt;
  v1::HistoryEntry entry = trial_->entry;
  const uint64_t now_ms = timers_->now_ms();
  const uint64_t ends_ms = trial_->ends_ms.value_or(now_ms + trial_->within_ms);
  entry.set_trial_ends_in_ms(ends_ms > now_ms ? ends_ms - now_ms : 0);
  entry.set_trial_error(trial_->error);
  return entry;
}

void Transactor::OnTrialOver(void* transactor) {
  auto* self = static_cast<Transactor*>(transactor);
  self->revert_is_due_ = true;
  self->Proceed();
}

void Transactor::Revert() {
  constexpr uint64_t kRetryMs = 1'000;
  revert_is_due_ = false;
  auto submission = std::make_unique<Submission>();
  submission->peer.source = "proxy";
  submission->taken = std::chrono::steady_clock::now();
  const uint64_t revision = trial_->entry.revision();
  submission->rollback_to = revision - 1;
  v1::Transaction& transaction = submission->transaction;
  transaction.set_id(base::StrCat("revert of revision ", revision));
  transaction.set_author("fairlead");
  transaction.set_comment(base::StrCat("revision ", revision, " was not confirmed in time"));
  const History::WayBack way = History::UndoAlone(trial_->undo, trial_->changed_later, *store_);
  if (way.leads_nowhere()) {  // later words on health have taken its place
    EndTrial(v1::HistoryEntry::REVERTED);
    return SaveTrialEnd(v1::HistoryEntry::REVERTED);
  }
  way.PutInto(transaction);
  std::variant<Violations, Staged> compiled = Compile(transaction);
  if (const Violations* found = std::get_if<Violations>(&compiled)) {
    // Somebody else has taken a listener's address meanwhile: it may come free again.
    const v1::Violation& violation = found->list().front();
    trial_->error = base::StrCat(violation.path(), ": ", violation.message());
    return timers_->Schedule(&trial_timer_, kRetryMs);
  }
  Staged& staged = std::get<Staged>(compiled);
  if (staged.changes_nothing()) {
    EndTrial(v1::HistoryEntry::REVERTED);
    return SaveTrialEnd(v1::HistoryEntry::REVERTED);
  }
  CommitStaged(std::move(submission), std::move(staged));
}

void Transactor::CommitStaged(std::unique_ptr<Submission> submission, Staged staged, std::optional<uint64_t> due_us) {
  auto publication = std::make_unique<Publication>();
  publication->due_us = due_us;
  publication->applied = MakeApplied(*submission, staged);
  const bool ends_trial = trial_.has_value() && submission->rollback_to.has_value();
  Remember(*submission, MakeHistoryEntry(*submission, publication->applied), MakeUndo(*store_, staged));
  publication->submission = std::move(submission);

  SettleSocketFiles(*store_, staged);
  publication->changes = PutInForce(publication->applied.revision(), std::move(staged));
  if (saver_.saves()) SaveRevision(*publication->submission, ends_trial);
  StartPublication(std::move(publication));
}

Changes Transactor::PutInForce(uint64_t revision, Staged staged) {
  staged.snapshot.revision = revision;
  health_->SetRevision(revision);
  CommitToHealthTable(*store_, staged, *health_);
  std::vector<config::ChangeList::ServerChange> places;
  for (const Staged::HealthUpdate& update : staged.health_updates) places.push_back({update.backend, update.server});
  TakeDecidedHealth(*health_, places, staged.snapshot, staged.changes.list);
  Changes changes = std::move(staged.changes);
  store_->Commit(std::move(staged));
  return changes;
}

void Transactor::HealthChanged(std::string_view backend, std::string_view server) {
  health_changes_.emplace(backend, server);
  if (!health_is_due_ && !health_timer_.scheduled()) timers_->Schedule(&health_timer_, kHealthDelayMs);
}

void Transactor::OnHealthDue(void* transactor) {
  auto* self = static_cast<Transactor*>(transactor);
  self->health_is_due_ = true;
  self->Proceed();
}

std::vector<config::ChangeList::ServerChange> Transactor::TakeHealthChanges() {
  std::vector<config::ChangeList::ServerChange> places;
  for (const auto& [backend, server] : health_changes_) {
    const std::optional<config::BackendSlot> backend_slot = store_->backends().Find(backend);
    if (!backend_slot) continue;
    if (const auto slot = store_->servers(*backend_slot).Find(server)) places.push_back({*backend_slot, *slot});
  }
  health_changes_.clear();
  health_is_due_ = false;
  timers_->Cancel(&health_timer_);
  return places;
}

void Transactor::StartPublication(std::unique_ptr<Publication> publication) {
  AddHealth(publication->changes.list);
  // Tables are for workers alone: whoever watches the configuration sees no change in them.
  config::ChangeList changes = publication->changes.list;
  const bool is_of_resources = publication->submission != nullptr || publication->on_adopted != nullptr;
  if (is_of_resources) hash_tables_.Take(*store_->snapshot(), changes);
  AddHashTables(changes);
  // Health changed, and changed back.
  if (!is_of_resources && changes.servers.empty() && changes.backends.empty() && changes.listeners.empty()) return;
  publication_ = std::move(publication);
  publish_(store_->snapshot(), std::move(changes), [this] { Adopted(); });
}

void Transactor::AddHealth(config::ChangeList& changes) {
  const std::vector<config::ChangeList::ServerChange> places = TakeHealthChanges();
  if (places.empty()) return;
  if (held_ != nullptr) held_->NoteHealth(places);
  config::Snapshot snapshot = *store_->snapshot();
  TakeDecidedHealth(*health_, places, snapshot, changes);
  store_->CommitBetween(std::make_shared<const config::Snapshot>(std::move(snapshot)));
}

void Transactor::AddHashTables(config::ChangeList& changes) {
  if (!hash_tables_.has_any_to_publish()) return;
  config::Snapshot snapshot = *store_->snapshot();
  hash_tables_.PutInto(snapshot, changes);
  store_->CommitBetween(std::make_shared<const config::Snapshot>(std::move(snapshot)));
}

void Transactor::Adopted() {
  const std::unique_ptr<Publication> publication = std::move(publication_);
  // Whoever watches hears of this change before the next one is taken.
  const bool within_proceed = std::exchange(proceeding_, true);
  if (trial_.has_value() && !trial_->ends_ms.has_value()) {
    trial_->ends_ms = timers_->now_ms() + trial_->within_ms;
    timers_->Schedule(&trial_timer_, trial_->within_ms);
  }
  if (publication->due_us.has_value()) NoteSwitch(*publication->due_us, publication->applied);
  if (publication->submission != nullptr) Apply(*publication->submission, std::move(publication->applied));
  if (publication->on_adopted != nullptr) publication->on_adopted();
  on_adopted_(publication->changes);
  proceeding_ = within_proceed;
  Proceed();
}

v1::Applied Transactor::MakeApplied(const Submission& submission, const Staged& staged) const {
  v1::Applied applied;
  applied.set_transaction_id(submission.transaction.id());
  applied.set_revision(store_->snapshot()->revision + (staged.changes_nothing() ? 0 : 1));
  applied.set_fingerprint(api::Fingerprint(staged.fingerprint).ToHex());
  applied.set_dry_run(submission.transaction.dry_run());
  applied.set_added(staged.added);
  applied.set_changed(staged.changed);
  applied.set_removed(staged.removed);
  return applied;
}

std::shared_ptr<v1::FromProxy> Transactor::MakeRejected(const Submission& submission,
                                                        const Violations& violations) const {
  auto answer = std::make_shared<v1::FromProxy>();
  v1::Rejected& rejected = *answer->mutable_rejected();
  rejected.set_transaction_id(submission.transaction.id());
  rejected.set_revision(store_->snapshot()->revision);
  rejected.set_fingerprint(api::Fingerprint(store_->fingerprint()).ToHex());
  rejected.mutable_violations()->Add(violations.list().begin(), violations.list().end());
  return answer;
}

void Transactor::Apply(Submission& submission, v1::Applied applied) {
  auto answer = std::make_shared<v1::FromProxy>();
  *answer->mutable_applied() = std::move(applied);
  *answer->mutable_applied()->mutable_duration() = Since(submission.taken);
  Answer(submission, std::move(answer));
}

void Transactor::Answer(Submission& submission, std::shared_ptr<v1::FromProxy> answer) {
  SaveLeaderEpoch();
  memory_.Add(submission.transaction.id(), submission.hash, answer);
  Deliver(submission, std::move(answer));
}

void Transactor::DeliverIdReused(Submission& submission) {
  Violations violations;
  violations.Add(v1::Violation::ID_REUSED, Path(Path(), "id"), "used already, for a transaction with other contents");
  Deliver(submission, MakeRejected(submission, violations));
}

void Transactor::Deliver(Submission& submission, std::shared_ptr<v1::FromProxy> answer) {
  if (answer->has_applied()) ++applied_;
  if (answer->has_rejected()) ++rejected_;
  memory_return_.Note(submission.transaction.ByteSizeLong());  // which ends now
  DeliverTo(std::exchange(submission.waiters, {}), answer);
}

void Transactor::DeliverTo(std::vector<AnswerWaiter> waiters, const std::shared_ptr<v1::FromProxy>& answer) {
  // Nobody waits; but what is remembered says whether it is on the disk.
  if (waiters.empty()) return saver_.Answer(0, answer, nullptr);
  for (AnswerWaiter& waiter : waiters) saver_.Answer(waiter.ticket, answer, std::move(waiter.on_answer));
}

}  // namespace fairlead::control
