#include "dataplane/control/transactor.h"

#include <variant>
#include <vector>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/health_commit.h"
#include "dataplane/control/listener_sockets.h"

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

Transactor::Transactor(int workers, event::TimerWheel* timers, Store* store, health::HealthTable* health,
                       Publish publish, OnAdopted on_adopted)
    : timers_(timers),
      store_(store),
      health_(health),
      compiler_(workers),
      workers_(workers),
      publish_(std::move(publish)),
      on_adopted_(std::move(on_adopted)) {}

Transactor::~Transactor() = default;

uint64_t Transactor::Submit(v1::Transaction transaction, OnAnswer on_answer) {
  auto submission = std::make_unique<Submission>();
  submission->ticket = ++last_ticket_;
  submission->transaction = std::move(transaction);
  submission->on_answer = std::move(on_answer);
  queue_.push_back(std::move(submission));
  const uint64_t ticket = last_ticket_;
  Proceed();
  return ticket;
}

void Transactor::Forget(uint64_t ticket) {
  const auto forget = [ticket](Submission& submission) {
    if (submission.ticket == ticket) submission.on_answer = nullptr;
  };
  for (const auto& submission : queue_) forget(*submission);
  if (publication_ != nullptr && publication_->submission != nullptr) forget(*publication_->submission);
}

void Transactor::Proceed() {
  // Answers make their receivers submit more: the loop below takes that, not a deeper call.
  if (proceeding_) return;
  proceeding_ = true;
  while (publication_ == nullptr && !queue_.empty()) {
    std::unique_ptr<Submission> submission = std::move(queue_.front());
    queue_.pop_front();
    Take(std::move(submission));
  }
  if (publication_ == nullptr && health_is_due_) StartPublication(std::make_unique<Publication>());
  proceeding_ = false;
}

void Transactor::Take(std::unique_ptr<Submission> submission) {
  submission->taken = std::chrono::steady_clock::now();
  v1::Transaction& transaction = submission->transaction;
  Violations violations;
  const Path root;
  if (transaction.id().empty() || transaction.id().size() > kMaxTransactionIdBytes) {
    violations.Invalid(Path(root, "id"), base::StrCat("not 1 to ", kMaxTransactionIdBytes, " bytes"));
    return Deliver(*submission, MakeRejected(*submission, violations));
  }
  submission->hash = AnswerMemory::HashOf(transaction);
  if (const AnswerMemory::Entry* before = memory_.Find(transaction.id())) {
    if (before->hash == submission->hash) return Deliver(*submission, before->answer);
    violations.Add(v1::Violation::ID_REUSED, Path(root, "id"), "used already, for a transaction with other contents");
    return Deliver(*submission, MakeRejected(*submission, violations));
  }
  CheckPreconditions(transaction, violations);
  if (!violations.empty()) return Answer(*submission, MakeRejected(*submission, violations));

  std::variant<Violations, Staged> compiled = compiler_.Compile(transaction, *store_);
  if (const Violations* found = std::get_if<Violations>(&compiled))
    return Answer(*submission, MakeRejected(*submission, *found));
  Staged& staged = std::get<Staged>(compiled);
  OpenListenerSockets(*store_, workers_, staged, violations);
  if (!violations.empty()) {
    compiled = Violations();  // closes the sockets that it opened, before anybody hears of it
    return Answer(*submission, MakeRejected(*submission, violations));
  }
  if (transaction.dry_run() || staged.changes_nothing()) {
    v1::Applied applied = MakeApplied(*submission, staged);
    compiled = Violations();  // likewise
    return Apply(*submission, std::move(applied));
  }
  Commit(std::move(submission), std::move(staged));
}

void Transactor::CheckPreconditions(const v1::Transaction& transaction, Violations& violations) {
  const Path root;
  if (transaction.has_leader_epoch()) {
    if (transaction.leader_epoch() < leader_epoch_) {
      violations.Add(v1::Violation::STALE_LEADER_EPOCH, Path(root, "leader_epoch"),
                     base::StrCat(transaction.leader_epoch(), " is below ", leader_epoch_, ", the highest seen"));
    } else if (!transaction.dry_run()) {
      leader_epoch_ = transaction.leader_epoch();
    }
  }
  const uint64_t revision = store_->snapshot()->revision;
  if (transaction.has_base_revision() && transaction.base_revision() != revision) {
    violations.Add(v1::Violation::STALE_BASE_REVISION, Path(root, "base_revision"),
                   base::StrCat(transaction.base_revision(), " is not ", revision, ", which is being served"));
  }
}

void Transactor::Commit(std::unique_ptr<Submission> submission, Staged staged) {
  auto publication = std::make_unique<Publication>();
  publication->applied = MakeApplied(*submission, staged);
  publication->submission = std::move(submission);

  staged.snapshot.revision = publication->applied.revision();
  SettleSocketFiles(*store_, staged);
  CommitToHealthTable(*store_, staged, *health_);
  std::vector<config::ChangeList::ServerChange> places;
  for (const Staged::HealthUpdate& update : staged.health_updates) places.push_back({update.backend, update.server});
  TakeDecidedHealth(*health_, places, staged.snapshot, staged.changes.list);
  publication->changes = std::move(staged.changes);
  store_->Commit(std::move(staged));
  StartPublication(std::move(publication));
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
  // Health that changed meanwhile goes with whatever is published.
  if (std::vector<config::ChangeList::ServerChange> places = TakeHealthChanges(); !places.empty()) {
    config::Snapshot snapshot = *store_->snapshot();
    TakeDecidedHealth(*health_, places, snapshot, publication->changes.list);
    store_->CommitHealth(std::make_shared<const config::Snapshot>(std::move(snapshot)));
  }
  // It changed, and changed back.
  if (publication->submission == nullptr && publication->changes.list.servers.empty()) return;
  publication_ = std::move(publication);
  publish_(store_->snapshot(), publication_->changes.list, [this] { Adopted(); });
}

void Transactor::Adopted() {
  const std::unique_ptr<Publication> publication = std::move(publication_);
  // Whoever watches hears of this change before the next one is taken.
  const bool within_proceed = std::exchange(proceeding_, true);
  if (publication->submission != nullptr) Apply(*publication->submission, std::move(publication->applied));
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

std::shared_ptr<const v1::FromProxy> Transactor::MakeRejected(const Submission& submission,
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

void Transactor::Answer(Submission& submission, std::shared_ptr<const v1::FromProxy> answer) {
  memory_.Add(submission.transaction.id(), submission.hash, answer);
  Deliver(submission, std::move(answer));
}

void Transactor::Deliver(Submission& submission, std::shared_ptr<const v1::FromProxy> answer) {
  ++(answer->has_rejected() ? rejected_ : applied_);
  memory_return_.Note(submission.transaction.ByteSizeLong());  // which ends now
  if (submission.on_answer != nullptr) submission.on_answer(std::move(answer));
}

}  // namespace fairlead::control
