#include "controlplane-mock/scenario_runner.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "api/yaml/yaml.h"
#include "controlplane-mock/misbehaviour.h"
#include "controlplane-mock/snapshot_files.h"
#include "controlplane-mock/state_edits.h"

namespace fairlead::controlplane_mock {
namespace {

constexpr std::chrono::seconds kDefaultWithin{5};

std::chrono::nanoseconds ToChrono(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

std::string Title(const Step& step) {
  return step.name().empty() ? api::ToYaml(step, {.one_line = true}) : step.name();
}

absl::Status NoSuchServer(const std::string& backend, const std::string& server) {
  return absl::NotFoundError(absl::StrCat("no server \"", backend, "/", server, "\""));
}

// Fills `upsert` with the server as it is, to be changed.
absl::Status CopyServer(const v1::Snapshot& snapshot, const std::string& backend, const std::string& server,
                        v1::UpsertServer& upsert) {
  const v1::Server* present = FindServer(snapshot, backend, server);
  if (present == nullptr) return NoSuchServer(backend, server);
  upsert.set_backend(backend);
  *upsert.mutable_server() = *present;
  return absl::OkStatus();
}

// The one operation that a step stands for.
absl::Status ToOperation(const Step& step, const v1::Snapshot& snapshot, v1::Operation& operation) {
  if (step.has_weight()) {
    v1::UpsertServer& upsert = *operation.mutable_upsert_server();
    absl::Status found = CopyServer(snapshot, step.weight().backend(), step.weight().server(), upsert);
    upsert.mutable_server()->set_weight(step.weight().weight());
    return found;
  }
  if (step.has_admin_state()) {
    v1::UpsertServer& upsert = *operation.mutable_upsert_server();
    absl::Status found = CopyServer(snapshot, step.admin_state().backend(), step.admin_state().server(), upsert);
    upsert.mutable_server()->set_admin_state(step.admin_state().admin_state());
    return found;
  }
  if (step.has_add_server()) {
    const v1::UpsertServer& added = step.add_server();
    if (FindServer(snapshot, added.backend(), added.server().id()) != nullptr) {
      return absl::AlreadyExistsError(
          absl::StrCat("server \"", added.backend(), "/", added.server().id(), "\" is there"));
    }
    *operation.mutable_upsert_server() = added;
  } else if (step.has_remove_server()) {
    *operation.mutable_remove_server() = step.remove_server();
  } else {
    *operation.mutable_set_health() = step.health();
  }
  return absl::OkStatus();
}

bool IsKind(Expectation::Event expected, ProxyEvent::Kind kind) {
  switch (expected) {
    case Expectation::CONNECTED:
      return kind == ProxyEvent::Kind::kConnected;
    case Expectation::APPLIED:
      return kind == ProxyEvent::Kind::kApplied;
    case Expectation::REJECTED:
      return kind == ProxyEvent::Kind::kRejected;
    case Expectation::LOST:
      return kind == ProxyEvent::Kind::kLost;
    default:
      return false;
  }
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool Fits(const Expectation& expectation, const v1::Violation& violation) {
  return (expectation.code() == v1::Violation::UNSPECIFIED || expectation.code() == violation.code()) &&
         Contains(violation.path(), expectation.path()) && Contains(violation.message(), expectation.message());
}

bool Fits(const Expectation& expectation, const ProxyEvent& event) {
  if (!IsKind(expectation.event(), event.kind)) return false;
  if (expectation.has_revision() && expectation.revision() != event.revision) return false;
  if (expectation.event() != Expectation::REJECTED) return true;
  return std::any_of(event.violations.begin(), event.violations.end(),
                     [&](const v1::Violation& violation) { return Fits(expectation, violation); });
}

}  // namespace

ScenarioRunner::ScenarioRunner(Scenario scenario, std::string base_directory, Controller* controller,
                               std::function<void(const std::string&)> print)
    : scenario_(std::move(scenario)),
      base_directory_(std::move(base_directory)),
      controller_(controller),
      print_(std::move(print)) {}

void ScenarioRunner::OnEvent(const ProxyEvent& event) {
  if (!finished_) events_.push_back(event);
}

void ScenarioRunner::OnTime(TimePoint now) {
  if (finished_) return;
  if (start_ == TimePoint::max()) {
    if (!EnoughProxies()) return;
    start_ = now;
    witnesses_ = ConnectedProxies();
  }
  for (; next_step_ < scenario_.steps_size(); ++next_step_) {
    if (!Play(scenario_.steps(next_step_), now)) return;
  }
  finished_ = true;
  next_deadline_ = TimePoint::max();
  events_.clear();
  print_(absl::StrCat("scenario: ", passed_, " steps passed, ", failed_, " failed"));
}

bool ScenarioRunner::EnoughProxies() const {
  const std::map<std::string, ProxySession*> connected = controller_->connected();
  const auto idle =
      std::count_if(connected.begin(), connected.end(), [](const auto& proxy) { return proxy.second->idle(); });
  return idle >= (scenario_.has_wait_for_proxies() ? scenario_.wait_for_proxies() : 1);
}

bool ScenarioRunner::Play(const Step& step, TimePoint now) {
  next_deadline_ = start_ + ToChrono(step.at());
  if (now < next_deadline_) return false;
  if (!step.has_expect()) {
    events_.clear();
    witnesses_ = ConnectedProxies();
    Finish(step, Act(step, now));
    return true;
  }
  if (!expectation_ends_) {
    expectation_ends_ = now + (step.expect().has_within() ? ToChrono(step.expect().within()) : kDefaultWithin);
  }
  const std::set<std::string> missing = Missing(step);
  if (!missing.empty() && now < *expectation_ends_) {
    next_deadline_ = *expectation_ends_;
    return false;
  }
  expectation_ends_.reset();
  Finish(step, missing.empty() ? absl::OkStatus() : absl::DeadlineExceededError(WhatWasSeenInstead(missing)));
  return true;
}

absl::Status ScenarioRunner::Act(const Step& step, TimePoint now) {
  if (!step.has_transaction() && !step.has_misbehave()) return ChangeDesired(step, now);
  bool found = false;
  for (const auto& [node_id, session] : controller_->connected()) {
    if (!step.proxy().empty() && step.proxy() != node_id) continue;
    found = true;
    if (step.has_transaction()) {
      session->SendTransaction(step.transaction(), now);
    } else {
      Misbehave(step.misbehave(), *session, now);
    }
  }
  return found ? absl::OkStatus() : absl::NotFoundError("no such proxy is connected");
}

absl::Status ScenarioRunner::ChangeDesired(const Step& step, TimePoint now) {
  if (!step.apply().empty()) {
    absl::StatusOr<v1::Snapshot> loaded = LoadSnapshot({std::filesystem::path(base_directory_) / step.apply()});
    if (!loaded.ok()) return loaded.status();
    controller_->SetDesired(*std::move(loaded), now);
    return absl::OkStatus();
  }
  v1::Snapshot desired = controller_->desired().current()->snapshot;
  google::protobuf::RepeatedPtrField<v1::Operation> operations = step.operations();
  if (operations.empty()) {
    if (absl::Status made = ToOperation(step, desired, *operations.Add()); !made.ok()) return made;
  }
  if (absl::Status applied = ApplyOperations(operations, desired); !applied.ok()) return applied;
  controller_->SetDesired(std::move(desired), now);
  return absl::OkStatus();
}

std::set<std::string> ScenarioRunner::Missing(const Step& step) const {
  std::set<std::string> missing = step.proxy().empty() ? witnesses_ : std::set<std::string>{step.proxy()};
  const bool any_will_do = missing.empty();
  if (any_will_do) missing.insert("any proxy");
  for (const ProxyEvent& event : events_) {
    if (Fits(step.expect(), event)) missing.erase(any_will_do ? "any proxy" : event.node_id);
  }
  return missing;
}

std::string ScenarioRunner::WhatWasSeenInstead(const std::set<std::string>& missing) const {
  std::string text = absl::StrCat("nothing like it from ", absl::StrJoin(missing, ", "), "; seen:");
  for (const ProxyEvent& event : events_) absl::StrAppend(&text, "\n  ", event.text);
  return text;
}

void ScenarioRunner::Finish(const Step& step, const absl::Status& outcome) {
  ++(outcome.ok() ? passed_ : failed_);
  print_(absl::StrCat("scenario: step ", next_step_ + 1, outcome.ok() ? " passed: " : " failed: ", Title(step),
                      outcome.ok() ? "" : ": ", std::string(outcome.message())));
}

std::set<std::string> ScenarioRunner::ConnectedProxies() const {
  std::set<std::string> names;
  for (const auto& [node_id, session] : controller_->connected()) names.insert(node_id);
  return names;
}

}  // namespace fairlead::controlplane_mock
