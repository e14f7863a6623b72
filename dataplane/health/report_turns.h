#pragma once

#include <deque>
#include <memory>

#include "dataplane/event/mailbox.h"

namespace fairlead::health {

// A connection with reports that have come and are not taken yet.
class ReportSource {
 public:
  // Takes the next of them, at most so many, and returns how many these were. Where more are left, adds itself again.
  // May end the source.
  virtual int TakeReports(int most) = 0;

 protected:
  ~ReportSource() = default;

 private:
  friend class ReportTurns;
  bool waits_ = false;
};

// Those who have brought many reports at once, of whom each gets a share in turn, so that one flood delays neither
// other reporters nor anything else that the control thread does: of each turn of its loop, reports that wait here take
// kReportsATurn, a fraction of a millisecond.
//
// On the control thread, owned by whoever accepts the connections.
class ReportTurns {
 public:
  static constexpr int kReportsATurn = 250;
  // What one may bring before it is the next one's turn.
  static constexpr int kShare = 50;

  // The mailbox is that of the control thread's loop, and outlives it.
  explicit ReportTurns(event::Mailbox* mailbox) : mailbox_(mailbox) {}
  ReportTurns(const ReportTurns&) = delete;
  ReportTurns& operator=(const ReportTurns&) = delete;

  // Has the source called, from the loop's next turn on, until it has no more. One that waits already stays where it
  // is.
  void Add(ReportSource* source);
  // It is gone.
  void Remove(ReportSource* source);

 private:
  void PostTurn();
  void TakeTurn();

  event::Mailbox* const mailbox_;
  std::deque<ReportSource*> waiting_;
  bool turn_is_posted_ = false;
  // For what is posted, which may come when this is gone.
  const std::shared_ptr<ReportTurns*> self_ = std::make_shared<ReportTurns*>(this);
};

}  // namespace fairlead::health
