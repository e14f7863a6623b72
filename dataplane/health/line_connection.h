#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/event/loop.h"
#include "dataplane/health/health_table.h"
#include "dataplane/health/line_protocol.h"
#include "dataplane/health/line_splitter.h"
#include "dataplane/health/report_turns.h"
#include "dataplane/health/speaker.h"
#include "dataplane/health/verb_actions.h"
#include "dataplane/health/verb_dialogue.h"
#include "dataplane/identity/peer.h"

namespace fairlead::health {

// One client of the line protocol, on the control thread. Lines are answered in their order: a few as they come, by
// turns with other clients those that came with them. Meanwhile nothing more is read, nor from a client that does not
// read its answers: whoever floods is held back by the flow control of his connection. Holds no buffers while nothing
// is under way: at most one block of input and kMaxUnsentBytes of answers otherwise.
//
// As HAProxy does, it ends after a line of verbs when nothing more has come by then, but in interactive mode.
class LineConnection final : private event::SocketHandler, private ReportSource {
 public:
  // Answers beyond which lines wait.
  static constexpr size_t kMaxUnsentBytes = size_t{16} * 1024;

  // The connection is over: destroy it, which may be done within the call.
  using OnEnd = absl::AnyInvocable<void(LineConnection*)>;

  // Takes over a connected socket, whose handler it becomes; `peer` is at its other end. All else outlives the
  // connection.
  LineConnection(event::Loop* loop, event::Socket* socket, identity::Peer peer, HealthTable* table,
                 VerbActions* verb_actions, ReportTurns* turns, OnEnd* on_end);
  ~LineConnection();
  LineConnection(const LineConnection&) = delete;
  LineConnection& operator=(const LineConnection&) = delete;

 private:
  void OnConnected(int) override {}  // it is already
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t sent, int error) override;

  int TakeReports(int most) override;

  // Answers lines, and verbs of them, so many at most, and returns how many.
  int AnswerLines(int most);
  // Does what follows: sends answers, receives more or waits, or ends; then `this` may be gone.
  void GoOn();
  void AnswerLine(std::string_view line);
  // With verbs.
  bool is_busy() const { return verbs_ != nullptr && verbs_->busy(); }
  bool is_interactive() const { return verbs_ != nullptr && verbs_->interactive(); }
  void Answer(std::string_view text);
  void AnswerError(std::string_view reason);
  void Send();

  event::Loop* const loop_;
  HealthTable* const table_;
  VerbActions* const verb_actions_;
  ReportTurns* const turns_;
  OnEnd* const on_end_;
  event::Socket* const socket_;
  LineSplitter splitter_;
  LineParser parser_;
  Speaker speaker_;
  std::unique_ptr<VerbDialogue> verbs_;  // from the first of them on
  buffer::Slice input_;                  // received, not yet looked at
  buffer::Queue answers_;
  bool sending_ = false;
  bool ending_ = false;  // no more lines are taken; over once the answers are sent
};

}  // namespace fairlead::health
