#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controlplane-mock/clock.h"
#include "controlplane-mock/clock_estimate.h"
#include "controlplane-mock/desired_state.h"
#include "controlplane-mock/fleet_settings.h"
#include "controlplane-mock/proxy_session.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::controlplane_mock {

// One change of all proxies at one time, or of none:
//
//   1. each is asked for its clock, several times. One that does not answer, or is too far off, stops the change;
//   2. each prepares. One that can't stops the change: the others abort;
//   3. once all are prepared, it is decided: each is told to commit at one and the same time, each by its own clock.
//      From here on nothing is undone: who is lost gets the new state when he comes back, as after any change.
//
// Does no I/O. Owned by the Controller, for its thread.
class FleetChange {
 public:
  // Unix time in microseconds.
  using WallClock = std::function<uint64_t()>;
  // A line for people.
  using Say = std::function<void(const std::string&)>;

  FleetChange(FleetSettings settings, WallClock wall_clock, Say say);

  enum class Step { kNone, kClocks, kPrepare, kPause, kCommit, kAbort };
  Step step() const { return step_; }
  bool under_way() const { return step_ != Step::kNone; }

  // Brings `proxies`, which are idle, to `target`, by a transaction of this id at each. `on_decided` is called where it
  // is decided that they go there, before the first is told. None of the two calls back into this.
  void Begin(std::string id, StatePtr target, const std::map<std::string, ProxySession*>& proxies,
             std::function<void(TimePoint now)> on_decided, TimePoint now);
  // After the session has seen it.
  void OnMessage(ProxySession* session, const v1::FromProxy& message, TimePoint now);
  // The session is about to end. What follows comes with OnTime.
  void OnClosed(ProxySession* session);
  void OnTime(TimePoint now);
  // TimePoint::max() for never.
  TimePoint NextDeadline() const { return somebody_was_lost_ ? TimePoint::min() : deadline_; }

 private:
  static constexpr int kClockSamples = 5;
  static constexpr std::chrono::seconds kClockTimeout{2};

  struct Member {
    std::string node_id;
    ProxySession* session = nullptr;  // null: lost
    ClockEstimate clock{};
    uint64_t asked_us = 0;
    bool answered = false;  // in this step
    bool prepared = false;
    uint64_t switched_us = 0;  // by this controller's clock
  };

  Member* Find(const ProxySession* session);
  bool AllAnswered() const;
  void Enter(Step step);
  void AskForClock(Member& member, TimePoint now);
  void OnClock(Member& member, const v1::Clock& clock, TimePoint now);
  void OnPrepareAnswered(Member& member, const v1::FromProxy& message, TimePoint now);
  void OnCommitAnswered(Member& member, const v1::FromProxy& message, TimePoint now);
  // Where all have answered, goes on to the next step.
  void GoOn(TimePoint now);
  void Prepare(TimePoint now);
  void Commit(TimePoint now);
  void Abort(TimePoint now);
  void Finish();
  void CheckClocks();

  const FleetSettings settings_;
  const WallClock wall_clock_;
  const Say say_;

  Step step_ = Step::kNone;
  TimePoint deadline_ = TimePoint::max();
  bool somebody_was_lost_ = false;
  std::string id_;
  StatePtr target_;
  std::function<void(TimePoint now)> on_decided_;
  std::vector<Member> members_;
  uint64_t at_us_ = 0;
  // Why it stops.
  std::vector<std::string> faults_;
};

}  // namespace fairlead::controlplane_mock
