// The transactor's part for fleets: one transaction is prepared and held, and switched to at a set time.
#include <algorithm>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/transactor.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {
namespace {

constexpr std::chrono::milliseconds kDefaultHold = std::chrono::seconds(60);
constexpr std::chrono::milliseconds kMaxHold = std::chrono::hours(1);
constexpr uint64_t kMaxAheadUs = 3'600'000'000;

std::chrono::milliseconds HoldOf(const Submission& submission) {
  if (!submission.hold_for.has_value()) return kDefaultHold;
  return std::chrono::milliseconds(submission.hold_for->seconds() * 1'000 + submission.hold_for->nanos() / 1'000'000);
}

}  // namespace

uint64_t Transactor::Prepare(v1::Prepare prepare, identity::Peer peer, OnAnswer on_answer) {
  auto submission = std::make_unique<Submission>();
  submission->kind = Submission::Kind::kPrepare;
  submission->peer = std::move(peer);
  submission->transaction = std::move(*prepare.mutable_transaction());
  if (prepare.has_hold_for()) submission->hold_for = prepare.hold_for();
  return Enqueue(std::move(submission), std::move(on_answer));
}

uint64_t Transactor::Commit(const v1::Commit& commit, identity::Peer peer, OnAnswer on_answer) {
  auto submission = std::make_unique<Submission>();
  submission->kind = Submission::Kind::kCommit;
  submission->peer = std::move(peer);
  submission->transaction.set_id(commit.transaction_id());
  if (commit.has_leader_epoch()) submission->transaction.set_leader_epoch(commit.leader_epoch());
  submission->at_us = commit.at_us();
  return Enqueue(std::move(submission), std::move(on_answer));
}

uint64_t Transactor::Abort(const v1::Abort& abort, identity::Peer peer, OnAnswer on_answer) {
  auto submission = std::make_unique<Submission>();
  submission->kind = Submission::Kind::kAbort;
  submission->peer = std::move(peer);
  submission->transaction.set_id(abort.transaction_id());
  if (abort.has_leader_epoch()) submission->transaction.set_leader_epoch(abort.leader_epoch());
  return Enqueue(std::move(submission), std::move(on_answer));
}

std::optional<v1::Prepared> Transactor::FindPrepared() const {
  if (held_ == nullptr) return std::nullopt;
  return held_->Describe();
}

void Transactor::CheckHold(const Submission& submission, Violations& violations) {
  const Path root;
  if (submission.transaction.dry_run()) {
    violations.Invalid(Path(root, "dry_run"), "nothing to prepare: it changes nothing; send it as it is");
  }
  if (!submission.hold_for.has_value()) return;
  const Path place(root, "hold_for");
  if (CheckDuration(*submission.hold_for, place, violations, std::chrono::seconds(1)) > kMaxHold) {
    violations.Invalid(place, "more than 1 h");
  }
}

void Transactor::CheckHeld(const Submission& submission, Violations& violations) {
  if (held_ == nullptr || submission.transaction.dry_run() || OnlySetsHealth(submission)) return;
  const v1::Prepared held = held_->Describe();
  const uint64_t ends_us = held_->commit_at_us().has_value() ? held.commit_at_us() : held.held_until_ms() * 1'000;
  const uint64_t now_us = wall_clock_();
  violations.Add(v1::Violation::PREPARED, Path(),
                 base::StrCat("transaction ", health::Quote(held.transaction_id()), " of ",
                              health::Quote(held.author().empty() ? held.source() : held.author()),
                              " is prepared: commit or abort it, or wait ",
                              ends_us > now_us ? (ends_us - now_us + 999'999) / 1'000'000 : 0, " s until it is ",
                              held_->commit_at_us().has_value() ? "switched to" : "dropped"));
}

void Transactor::AnswerForHeld(Submission& submission) {
  if (submission.hash != held_->submission().hash) return DeliverIdReused(submission);
  if (submission.kind == Submission::Kind::kPrepare) return Deliver(submission, held_->answer());
  Violations violations;
  CheckHeld(submission, violations);
  if (violations.empty()) violations.Add(v1::Violation::PREPARED, Path(), "it is prepared: commit or abort it");
  Deliver(submission, MakeRejected(submission, violations));
}

void Transactor::Hold(std::unique_ptr<Submission> submission, Staged staged) {
  const std::chrono::milliseconds hold_for = HoldOf(*submission);
  const v1::Applied applied = MakeApplied(*submission, staged);
  v1::Prepared prepared;
  prepared.set_transaction_id(applied.transaction_id());
  prepared.set_revision(applied.revision());
  prepared.set_fingerprint(applied.fingerprint());
  prepared.set_held_until_ms(wall_clock_() / 1'000 + static_cast<uint64_t>(hold_for.count()));
  held_compile_time_ =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - submission->taken);
  timers_->Schedule(&hold_timer_, static_cast<uint64_t>(hold_for.count()));
  std::vector<AnswerWaiter> waiters = std::exchange(submission->waiters, {});
  held_ = std::make_unique<HeldTransaction>(std::move(submission), std::move(staged), std::move(prepared));
  SaveLeaderEpoch();
  DeliverTo(std::move(waiters), held_->answer());
}

bool Transactor::CheckIsHeld(Submission& submission) {
  const std::string& id = submission.transaction.id();
  Violations violations;
  if (!store_->scopes().RightsOf(submission.peer).everything()) {
    violations.Add(v1::Violation::PERMISSION_DENIED, Path(Path(), "transaction_id"), kTakesEverything);
  } else if (held_ != nullptr && held_->id() == id) {
    CheckLeaderEpoch(submission.transaction, violations);
  } else if (const AnswerMemory::Entry* const before = memory_.Find(id)) {
    Deliver(submission, before->answer);
    return false;
  } else {
    violations.Add(v1::Violation::NOT_FOUND, Path(Path(), "transaction_id"), "not prepared, and not remembered");
  }
  if (!violations.empty()) Deliver(submission, MakeRejected(submission, violations));
  return violations.empty();
}

void Transactor::TakeCommit(std::unique_ptr<Submission> submission) {
  if (!CheckIsHeld(*submission)) return;
  const Path root;
  const Path place(root, "at_us");
  const uint64_t now_us = wall_clock_();
  Violations violations;
  if (submission->at_us > now_us + kMaxAheadUs) {
    violations.Invalid(place, base::StrCat("more than an hour ahead of this proxy's clock, which says ", now_us));
  } else if (held_->commit_at_us().has_value() && *held_->commit_at_us() != submission->at_us) {
    violations.Add(v1::Violation::ALREADY_EXISTS, place,
                   base::StrCat("it is to be committed at ", *held_->commit_at_us(), " already"));
  }
  if (!violations.empty()) return Deliver(*submission, MakeRejected(*submission, violations));
  const bool first = !held_->commit_at_us().has_value();
  held_->AddWaiters(std::move(submission->waiters));
  if (!first) return;
  timers_->Cancel(&hold_timer_);
  held_->CommitAt(submission->at_us, std::max(submission->at_us, now_us));
  ScheduleCommit();
}

void Transactor::TakeAbort(Submission& submission) {
  if (!CheckIsHeld(submission)) return;
  Violations why;
  why.Add(v1::Violation::ABORTED, Path(), base::StrCat("aborted, from ", submission.peer.source));
  Deliver(submission, DropHeld(why));
}

bool Transactor::CommitIsWithin(std::chrono::microseconds time) {
  return held_ != nullptr && held_->commit_at_us().has_value() &&
         wall_clock_() + static_cast<uint64_t>(time.count()) >= held_->due_us();
}

void Transactor::ScheduleCommit() {
  // The wall clock may be set meanwhile: it is looked at every second at least.
  constexpr uint64_t kMaxDelayMs = 1'000;
  const uint64_t now_us = wall_clock_();
  uint64_t left_us = held_->due_us() > now_us ? held_->due_us() - now_us : 0;
  const auto still_us = static_cast<uint64_t>((kStillness + 2 * held_compile_time_).count());
  if (left_us > still_us) left_us -= still_us;
  timers_->Schedule(&commit_timer_, std::clamp<uint64_t>(left_us / 1'000, 1, kMaxDelayMs));
}

void Transactor::OnCommitDue(void* transactor) {
  auto* self = static_cast<Transactor*>(transactor);
  if (!self->CommitIsWithin(std::chrono::microseconds(0))) self->ScheduleCommit();
  self->Proceed();
  if (self->publication_ == nullptr && self->held_ != nullptr && self->held_->stale() &&
      self->CommitIsWithin(kStillness + 2 * self->held_compile_time_)) {
    self->RebaseHeld();  // now, since then it would be late
  }
}

void Transactor::OnHoldOver(void* transactor) {
  auto* self = static_cast<Transactor*>(transactor);
  Violations why;
  why.Add(v1::Violation::ABORTED, Path(), "dropped: no Commit came in time");
  self->DropHeld(why);
}

bool Transactor::RebaseHeld() {
  const std::optional<Violations> violations = held_->Rebase(compiler_, *store_);
  if (violations.has_value()) DropHeld(*violations);
  return !violations.has_value();
}

void Transactor::SwitchToHeld() {
  timers_->Cancel(&commit_timer_);
  if (held_->stale() && !RebaseHeld()) return;
  const uint64_t due_us = held_->due_us();
  auto [submission, staged] = std::move(*held_).Release(*health_);
  held_.reset();
  submission->taken = std::chrono::steady_clock::now();
  if (!staged.changes_nothing()) {
    hash_tables_.RepeatAll();  // some may have been swapped since it was staged
    return CommitStaged(std::move(submission), std::move(staged), due_us);
  }
  v1::Applied applied = MakeApplied(*submission, staged);
  NoteSwitch(due_us, applied);
  Apply(*submission, std::move(applied));
}

void Transactor::NoteSwitch(uint64_t due_us, v1::Applied& applied) {
  const uint64_t now_us = wall_clock_();
  applied.set_switched_us(now_us);
  commit_lateness_ = std::chrono::microseconds(now_us > due_us ? now_us - due_us : 0);
}

std::shared_ptr<v1::FromProxy> Transactor::DropHeld(const Violations& why) {
  timers_->Cancel(&hold_timer_);
  timers_->Cancel(&commit_timer_);
  const std::unique_ptr<Submission> submission = std::move(*held_).Drop();
  held_.reset();
  ++prepared_dropped_;
  std::shared_ptr<v1::FromProxy> answer = MakeRejected(*submission, why);
  SaveLeaderEpoch();
  memory_.Add(submission->transaction.id(), submission->hash, answer);
  memory_return_.Note(submission->transaction.ByteSizeLong());
  DeliverTo(std::move(submission->waiters), answer);
  return answer;
}

}  // namespace fairlead::control
