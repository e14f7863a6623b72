#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/control/change_set.h"
#include "dataplane/control/control_core.h"
#include "dataplane/control/state_reporter.h"
#include "dataplane/control/subscribers.h"
#include "dataplane/control/wire.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/identity/peer.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::control {

// The proxy's side of one conversation with a controller (api/fairlead/v1/control.proto), the same in both directions:
// says Hello, takes what comes in its order, each thing when the one before it is done, reports to watchers, sends
// heartbeats, and ends a stream on which nothing is heard.
//
// Nothing piles up: with a few messages waiting it reads no more, with answers that the peer does not read it takes no
// more, and a watcher that is slow gets fewer reports of more changes each. As long as it does not read, it can't hear,
// and does not count the silence.
//
// Knows no gRPC: what it needs of a stream is Wire. On the control thread; owned by whoever owns the wire, which
// outlives it. Ends any time, without a word: what it submitted goes on.
class Session {
 public:
  // `peer`: who is at the other end.
  Session(ControlCore* core, event::TimerWheel* timers, Wire* wire, identity::Peer peer);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Says Hello. Once, before all else.
  void Start();

  // Who the peer is turned out later than the stream began.
  void Identify(identity::Peer peer) { peer_ = std::move(peer); }

  // For the wire.
  void OnRead(v1::ToProxy message);
  // The peer has nothing more to say: what it asked for is answered, then the stream ends.
  void OnReadEnd();
  void OnWritten();

 private:
  struct Watch {
    std::string request_id;
    ReportFilter filter;
    // What the peer knows, and what changed since.
    std::shared_ptr<const config::Snapshot> seen;
    ChangeSet changes;
  };

  struct Incoming {
    v1::ToProxy message;
    uint64_t received_us = 0;  // of GetClock
  };

  void SendHello();
  void Send(std::shared_ptr<const v1::FromProxy> message);
  void Flush();

  // Takes what waits, as far as it can be taken now, reads on where there is room, and ends where all is said.
  void Proceed();
  void Take(Incoming incoming);
  void TakeTransaction(v1::Transaction transaction);
  void TakePrepare(v1::Prepare prepare);
  void TakeCommit(const v1::Commit& commit);
  void TakeAbort(const v1::Abort& abort);
  void TakeGetClock(const v1::GetClock& get, uint64_t received_us);
  void TakeGet(const v1::Get& get);
  void TakeWatch(const v1::Watch& watch);
  void TakeConfirm(const v1::Confirm& confirm);
  void TakeGetHistory(const v1::GetHistory& get);
  // What is submitted by `submit(on_answer)` is answered before anything else is taken.
  template <typename Submit>
  void SubmitAndWait(Submit submit);
  void OnAnswer(std::shared_ptr<const v1::FromProxy> answer);
  void OnChange(const Changes& changes);
  void ReportToWatchers();
  void ReadOn();
  bool idle() const { return outbox_.empty() && !writing_; }
  void ForgetAnswers();
  void End(const absl::Status& status);

  static void OnHeartbeatDue(void* session);
  static void OnSilence(void* session);

  ControlCore* const core_;
  event::TimerWheel* const timers_;
  Wire* const wire_;
  identity::Peer peer_;

  std::deque<Incoming> inbox_;
  bool reading_ = false;
  bool read_ended_ = false;
  bool proceeding_ = false;
  bool answer_is_due_ = false;
  std::optional<uint64_t> ticket_;  // of the answer that is due
  // Of Commits for later, by which their answers can be forgotten; beside them, other messages are taken.
  std::vector<uint64_t> commit_tickets_;

  std::deque<std::shared_ptr<const v1::FromProxy>> outbox_;
  bool writing_ = false;
  bool ended_ = false;

  std::vector<Watch> watches_;
  std::unique_ptr<Subscribers::Subscription> subscription_;  // from the first Watch on

  uint64_t last_heartbeat_ = 0;
  event::Timer heartbeat_timer_{&OnHeartbeatDue, this};
  event::Timer silence_timer_{&OnSilence, this};
};

}  // namespace fairlead::control
