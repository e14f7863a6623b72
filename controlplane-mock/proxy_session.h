#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/desired_state.h"
#include "controlplane-mock/heartbeats.h"
#include "controlplane-mock/mandate.h"
#include "controlplane-mock/proxy_event.h"
#include "controlplane-mock/proxy_stream.h"
#include "controlplane-mock/transaction_ids.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::controlplane_mock {

struct SessionSettings {
  // A proxy that somebody else has written to gets a snapshot at once, instead of being asked what it serves.
  bool force = false;
};

// The conversation on one stream with one proxy, from Hello to the end: knows what the proxy serves and brings it, one
// transaction at a time, to the desired state. The same for both directions of dialling. Does no I/O and reads no
// clock: what happens comes in through the On… functions, and what is to be sent goes to the stream.
//
// How it gets to the desired state:
//   - nothing is sent while an answer is out: what changes meanwhile goes into the next transaction;
//   - a state that is known (this process sent it, or was told it) gets the difference, based on its revision; one that
//     is not gets a snapshot;
//   - a base revision that proves stale means that somebody else wrote: the session asks for the state (Get) and sends
//   the
//     difference to that, so that the files win;
//   - what the proxy refused otherwise is sent again only after the next DesiredState::Set, or on a new stream;
//   - a proxy that has the desired state, but has not seen the mandate's leader_epoch, is sent a transaction that
//   changes
//     nothing: from then on it refuses what an earlier leader may still send;
//   - without a mandate nothing is sent but heartbeats.
//
// Owned by the Controller, for its thread; lives as long as the stream.
class ProxySession {
 public:
  using EventSink = std::function<void(const ProxyEvent&)>;

  // `desired`, `mandate`, `ids` and `stream` outlive the session.
  ProxySession(const SessionSettings& settings, const DesiredState* desired, const Mandate* mandate,
               TransactionIds* ids, ProxyStream* stream, EventSink on_event, TimePoint now);

  void OnMessage(const v1::FromProxy& message, TimePoint now);
  // After DesiredState::Set.
  void OnDesiredChanged(TimePoint now);
  // After the mandate came back, or became that of another leadership.
  void OnMandateChanged(TimePoint now);
  // At NextDeadline() or later.
  void OnTime(TimePoint now);
  // The stream is gone.
  void OnClosed(const absl::Status& reason);
  // TimePoint::max() for never.
  TimePoint NextDeadline() const;

  // What the proxy said of itself; none before Hello.
  const std::optional<v1::Hello>& hello() const { return hello_; }
  // What the proxy serves by its own last word.
  uint64_t revision() const { return revision_; }
  const std::string& fingerprint() const { return fingerprint_; }
  // It is known to serve the desired state.
  bool up_to_date() const;
  // Nothing more will be said or heard on this stream.
  bool ended() const { return ended_; }
  // Ends the stream, and tells the proxy why if this side can.
  void EndStream(const absl::Status& reason);

  // Hello came, and no answer is out.
  bool idle() const { return hello_.has_value() && in_flight_.empty() && question_.empty(); }

  // The rest goes past the way to the desired state, for scenarios and misbehaviour.

  // Sends a transaction as it stands; only an empty id is replaced. What it does to the proxy is left alone until the
  // next DesiredState::Set.
  void SendTransaction(v1::Transaction transaction, TimePoint now);
  // Sends these bytes as one message; no answer is expected.
  void SendBytes(std::string bytes, TimePoint now);
  // Neither sends, nor reads, nor minds the proxy's silence, for so long.
  void FallSilent(std::chrono::milliseconds duration, TimePoint now);
  // For a change of the whole fleet (FleetChange), which asks for clocks, commits and aborts beside the session.

  // What brings the proxy to that state, without an id.
  v1::Transaction TransactionTo(const State& target) const;
  // Sends it. The session waits for Applied, or Rejected, as after any transaction.
  void SendPrepare(v1::Prepare prepare, StatePtr target, TimePoint now);
  void Send(const v1::ToProxy& message, TimePoint now);
  std::optional<uint64_t> leader_epoch() const { return mandate_->leader_epoch; }

  // Ends the stream without a word.
  void CutStream() { stream_->Cut(); }

  const DesiredState& desired() const { return *desired_; }
  // What was sent last; null if nothing was.
  const v1::Transaction* last_transaction() const { return last_transaction_ ? &*last_transaction_ : nullptr; }
  // The highest that the proxy has seen, as far as the controller knows.
  uint64_t highest_leader_epoch() const { return highest_leader_epoch_; }
  std::chrono::milliseconds heartbeat_timeout() const { return heartbeats_.timeout(); }

 private:
  // A transaction that has no answer yet.
  struct InFlight {
    std::string id;
    // What the proxy serves after it; null for one of SendTransaction.
    StatePtr target;
    // Of the desired state when it was sent.
    uint64_t generation;
  };

  void OnHello(const v1::Hello& hello, TimePoint now);
  void OnApplied(const v1::Applied& applied, TimePoint now);
  void OnRejected(const v1::Rejected& rejected, TimePoint now);
  void OnStateReport(const v1::StateReport& report, TimePoint now);

  // Takes the oldest transaction of that id out of in_flight_; none: warns.
  std::optional<InFlight> TakeAnswered(const std::string& transaction_id);
  // Sends what is missing to the desired state, if it is time for it.
  void Converge(TimePoint now);
  // The proxy has seen no leader_epoch as high as the mandate's.
  bool EpochIsNews() const { return mandate_->leader_epoch.value_or(0) > highest_leader_epoch_; }
  void Transmit(v1::Transaction transaction, StatePtr target, TimePoint now);
  void AskForState(TimePoint now);
  void Emit(ProxyEvent::Kind kind, const std::string& what, std::vector<v1::Violation> violations = {});

  const SessionSettings settings_;
  const DesiredState* const desired_;
  const Mandate* const mandate_;
  TransactionIds* const ids_;
  ProxyStream* const stream_;
  const EventSink on_event_;

  std::optional<v1::Hello> hello_;
  Heartbeats heartbeats_;
  uint64_t heartbeat_sequence_ = 0;
  std::optional<TimePoint> silent_until_;
  bool ended_ = false;

  // What the proxy serves: its word, and the state behind it if that is known.
  uint64_t revision_ = 0;
  std::string fingerprint_;
  StatePtr base_;
  // Where the state is not known: whether to ask for it rather than to replace it by a snapshot.
  bool ask_first_ = false;
  // The generation that there is no use in sending: the proxy refused it, or somebody went past it by SendTransaction.
  std::optional<uint64_t> held_generation_;

  std::deque<InFlight> in_flight_;
  // The request_id of a Get without an answer; empty if there is none.
  std::string question_;
  std::optional<v1::Transaction> last_transaction_;
  uint64_t highest_leader_epoch_ = 0;
};

}  // namespace fairlead::controlplane_mock
