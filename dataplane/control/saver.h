#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/persistence/record.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::control {

// Hands over what is to outlive the process (--state_dir), and holds back the answers that say so until it is on the
// disk: for no longer than the wait, and not at all while the disk can't be written, since a disk is no reason to stop.
//
// On the control thread, owned by the transactor.
class Saver {
 public:
  // Returns the record's number, greater than the one before. Null: nothing is saved, nor held back.
  using Save = absl::AnyInvocable<uint64_t(persistence::Record)>;
  // Applied, Rejected or Confirmed. Called once.
  using OnAnswer = absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)>;

  // `timers` outlives it.
  Saver(event::TimerWheel* timers, Save save, std::chrono::milliseconds wait)
      : timers_(timers), save_(std::move(save)), wait_ms_(static_cast<uint64_t>(wait.count())) {}

  bool saves() const { return save_ != nullptr; }
  // Where `saves`.
  void Put(persistence::Record record);

  // An answer to what is on the disk with all that was saved so far: says so in it, and calls `on_answer` (which may be
  // null) when it is true, or has taken too long. Others than Applied and Confirmed go at once.
  void Answer(uint64_t ticket, std::shared_ptr<v1::FromProxy> answer, OnAnswer on_answer);
  // Whoever waited for the answer is gone.
  void Forget(uint64_t ticket);

  // What is on the disk: all records up to this number. `is_stuck`: no more can be written now.
  void OnSaved(uint64_t number, bool is_stuck);

 private:
  struct Waiting {
    uint64_t ticket = 0;
    uint64_t number = 0;  // of the record
    uint64_t ends_ms = 0;
    std::shared_ptr<v1::FromProxy> answer;
    OnAnswer on_answer;
  };

  // Those whose time has come, the oldest first.
  void SendAnswers();

  static void OnWaitOver(void* saver);

  event::TimerWheel* const timers_;
  Save save_;
  const uint64_t wait_ms_;
  uint64_t last_number_ = 0;
  uint64_t saved_number_ = 0;
  bool is_stuck_ = false;
  std::deque<Waiting> waiting_;
  bool sending_ = false;
  event::Timer timer_{&OnWaitOver, this};
};

}  // namespace fairlead::control
