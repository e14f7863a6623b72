#include "dataplane/control/saver.h"

#include <utility>

namespace fairlead::control {
namespace {

void SetSaved(bool saved, v1::FromProxy& answer) {
  if (answer.has_applied()) answer.mutable_applied()->set_saved(saved);
  if (answer.has_confirmed()) answer.mutable_confirmed()->set_saved(saved);
}

// Whether it says that something holds which a restart might lose.
bool Promises(const v1::FromProxy& answer) {
  if (answer.has_applied()) return !answer.applied().dry_run();
  return answer.has_confirmed() && answer.confirmed().error().empty();
}

bool IsMarked(const v1::FromProxy& answer) {
  return answer.has_applied() ? answer.applied().has_saved() : answer.confirmed().has_saved();
}

}  // namespace

void Saver::Put(persistence::Record record) { last_number_ = save_(std::move(record)); }

void Saver::Answer(uint64_t ticket, std::shared_ptr<v1::FromProxy> answer, OnAnswer on_answer) {
  if (!saves() || !Promises(*answer) || IsMarked(*answer)) {
    if (on_answer != nullptr) on_answer(std::move(answer));
    return;
  }
  waiting_.push_back({ticket, last_number_, timers_->now_ms() + wait_ms_, std::move(answer), std::move(on_answer)});
  SendAnswers();
}

void Saver::Forget(uint64_t ticket) {
  for (Waiting& waiting : waiting_) {
    if (waiting.ticket == ticket) waiting.on_answer = nullptr;
  }
}

void Saver::OnSaved(uint64_t number, bool is_stuck) {
  saved_number_ = number;
  is_stuck_ = is_stuck;
  SendAnswers();
}

void Saver::SendAnswers() {
  if (std::exchange(sending_, true)) return;  // receivers make more: the loop below takes that
  while (!waiting_.empty()) {
    const bool saved = waiting_.front().number <= saved_number_;
    if (!saved && !is_stuck_ && waiting_.front().ends_ms > timers_->now_ms()) break;
    Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    // Where the same transaction was sent again meanwhile, this is the second time that it goes out.
    if (!IsMarked(*first.answer)) SetSaved(saved, *first.answer);
    if (first.on_answer != nullptr) first.on_answer(std::move(first.answer));
  }
  sending_ = false;
  if (waiting_.empty()) {
    timers_->Cancel(&timer_);
  } else {
    timers_->Schedule(&timer_, waiting_.front().ends_ms - timers_->now_ms());
  }
}

void Saver::OnWaitOver(void* saver) { static_cast<Saver*>(saver)->SendAnswers(); }

}  // namespace fairlead::control
