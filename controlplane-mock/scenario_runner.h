#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/controller.h"
#include "controlplane-mock/proxy_event.h"
#include "controlplane-mock/scenario.pb.h"

namespace fairlead::controlplane_mock {

// Plays one scenario: does its steps to the controller when their time has come, and watches for what they expect.
// Reads no clock. Owned by the Application, for its thread.
class ScenarioRunner {
 public:
  // `scenario` has passed CheckScenario; the paths in it start at `base_directory`; `controller` outlives the runner.
  // `print` gets a line for each step that is done, and at the end `scenario: N steps passed, N failed`.
  ScenarioRunner(Scenario scenario, std::string base_directory, Controller* controller,
                 std::function<void(const std::string&)> print);

  // Everything that happens. Only takes it in: OnTime acts.
  void OnEvent(const ProxyEvent& event);
  // After events, and at NextDeadline() or later.
  void OnTime(TimePoint now);
  // TimePoint::max() while only an event can move it on.
  TimePoint NextDeadline() const { return next_deadline_; }

  bool finished() const { return finished_; }
  int failed() const { return failed_; }

 private:
  bool EnoughProxies() const;
  // The step is done: passed or failed. False: it has to wait.
  bool Play(const Step& step, TimePoint now);
  absl::Status Act(const Step& step, TimePoint now);
  absl::Status ChangeDesired(const Step& step, TimePoint now);
  // Those of whom an event that `expectation` is about has not been seen.
  std::set<std::string> Missing(const Step& step) const;
  std::string WhatWasSeenInstead(const std::set<std::string>& missing) const;
  void Finish(const Step& step, const absl::Status& outcome);
  std::set<std::string> ConnectedProxies() const;

  const Scenario scenario_;
  const std::string base_directory_;
  Controller* const controller_;
  const std::function<void(const std::string&)> print_;

  TimePoint start_ = TimePoint::max();  // not started yet
  int next_step_ = 0;
  TimePoint next_deadline_ = TimePoint::max();
  // Of the expectation that is being waited for.
  std::optional<TimePoint> expectation_ends_;
  // Since the last step that is no expectation began, and who was connected then.
  std::vector<ProxyEvent> events_;
  std::set<std::string> witnesses_;

  int passed_ = 0;
  int failed_ = 0;
  bool finished_ = false;
};

}  // namespace fairlead::controlplane_mock
