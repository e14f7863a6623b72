#include "dataplane/control/held_transaction.h"

#include <set>

#include "dataplane/control/compilation.h"
#include "dataplane/control/health_commit.h"
#include "dataplane/control/listener_sockets.h"

namespace fairlead::control {

HeldTransaction::HeldTransaction(std::unique_ptr<Submission> submission, Staged staged, v1::Prepared prepared)
    : submission_(std::move(submission)), staged_(std::move(staged)), answer_(std::make_shared<v1::FromProxy>()) {
  *answer_->mutable_prepared() = std::move(prepared);
}

v1::Prepared HeldTransaction::Describe() const {
  v1::Prepared prepared = answer_->prepared();
  prepared.set_author(submission_->transaction.author());
  prepared.set_comment(submission_->transaction.comment());
  prepared.set_source(submission_->peer.source);
  if (commit_at_us_.has_value()) prepared.set_commit_at_us(due_us_);
  return prepared;
}

void HeldTransaction::CommitAt(uint64_t at_us, uint64_t due_us) {
  commit_at_us_ = at_us;
  due_us_ = due_us;
}

void HeldTransaction::NoteHealth(const std::vector<config::ChangeList::ServerChange>& places) {
  for (const config::ChangeList::ServerChange& place : places) health_places_.insert({place.backend, place.server});
}

void HeldTransaction::NoteWords(const v1::Transaction& transaction) {
  for (const v1::Operation& operation : transaction.operations()) {
    const v1::HealthState& word = operation.set_health();
    words_[{word.backend(), word.server()}] = word;
  }
}

std::optional<Violations> HeldTransaction::Rebase(Compiler& compiler, const Store& store) {
  Staged before = *std::move(staged_);
  staged_.reset();
  v1::Transaction& transaction = submission_->transaction;
  if (transaction.has_snapshot()) {
    PutWordsIntoSnapshot();
  } else {
    PutWordsIntoOperations();
  }
  words_.clear();
  health_places_.clear();
  if (!transaction.has_snapshot() && transaction.operations_size() == 0) {
    staged_ = StageNothing(store);
    return std::nullopt;
  }
  std::variant<Violations, Staged> compiled = compiler.Compile(transaction, store);
  if (Violations* violations = std::get_if<Violations>(&compiled)) return std::move(*violations);
  staged_ = std::move(std::get<Staged>(compiled));
  TakeOverSockets(before, *staged_);
  return std::nullopt;
}

void HeldTransaction::PutWordsIntoOperations() {
  for (v1::Operation& operation : *submission_->transaction.mutable_operations()) {
    if (!operation.has_set_health()) continue;
    v1::HealthState& own = *operation.mutable_set_health();
    if (const auto later = words_.find({own.backend(), own.server()}); later != words_.end()) own = later->second;
  }
}

void HeldTransaction::PutWordsIntoSnapshot() {
  v1::Snapshot& snapshot = *submission_->transaction.mutable_snapshot();
  std::set<ServerName> there;  // of those that have later words
  for (const v1::Backend& backend : snapshot.backends()) {
    for (const v1::Server& server : backend.servers()) {
      if (words_.contains({backend.id(), server.id()})) there.insert({backend.id(), server.id()});
    }
  }
  google::protobuf::RepeatedPtrField<v1::HealthState> health;
  for (v1::HealthState& own : *snapshot.mutable_health()) {
    if (!words_.contains({own.backend(), own.server()})) *health.Add() = std::move(own);
  }
  for (const auto& [name, word] : words_) {
    if (there.contains(name) && word.status() != v1::Health::UNKNOWN) *health.Add() = word;
  }
  snapshot.mutable_health()->Swap(&health);
}

std::pair<std::unique_ptr<Submission>, Staged> HeldTransaction::Release(const health::HealthTable& health) && {
  std::vector<config::ChangeList::ServerChange> places;
  for (const auto& [backend, server] : health_places_) places.push_back({backend, server});
  TakeDecidedHealth(health, places, staged_->snapshot, staged_->changes.list);
  return {std::move(submission_), *std::move(staged_)};
}

}  // namespace fairlead::control
