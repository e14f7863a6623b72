#include "dataplane/control/fake_workers.h"

#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

ControlCore::Options FakeWorkers::Options(event::TimerWheel* timers) {
  ControlCore::Options options;
  options.workers = kWorkers;
  options.node_id = "node";
  options.zone = "zone";
  options.version = "0.1.0";
  options.timers = timers;
  options.wall_clock = [timers, skew_us = &wall_clock_skew_us] {
    return kStartUs + timers->now_ms() * 1'000 + *skew_us;
  };
  options.publish = [this](std::shared_ptr<const config::Snapshot> snapshot, config::ChangeList changes,
                           absl::AnyInvocable<void()> on_all_adopted) {
    Publish(std::move(snapshot), std::move(changes), std::move(on_all_adopted));
  };
  options.get_workers = [this] {
    const uint64_t revision = published_.empty() ? 0 : published_.back().snapshot->revision;
    return std::vector<WorkerStatus>(kWorkers, WorkerStatus{revision, 3, 1});
  };
  options.get_listener_connections = [](std::string_view) { return 6; };
  return options;
}

void FakeWorkers::Publish(std::shared_ptr<const config::Snapshot> snapshot, config::ChangeList changes,
                          absl::AnyInvocable<void()> on_all_adopted) {
  published_.push_back({std::move(snapshot), std::move(changes)});
  if (adopt_ == Adopt::kAtOnce) return on_all_adopted();
  on_all_adopted_ = std::move(on_all_adopted);
}

void FakeWorkers::AdoptNow() {
  auto on_all_adopted = *std::exchange(on_all_adopted_, std::nullopt);
  on_all_adopted();
}

ControlCore::Options TestCore::WithSave(ControlCore::Options options, Saver::Save save,
                                        std::chrono::milliseconds save_wait) {
  options.save = std::move(save);
  options.save_wait = save_wait;
  return options;
}

void TestCore::Submit(v1::Transaction transaction) {
  if (transaction.id().empty()) transaction.set_id(base::StrCat("test-", ++last_id_));
  core.SubmitTransaction(std::move(transaction),
                         [this](std::shared_ptr<const v1::FromProxy> answer) { answers.push_back(*answer); });
}

v1::FromProxy TestCore::Do(v1::Transaction transaction) {
  const size_t before = answers.size();
  Submit(std::move(transaction));
  return answers.size() > before ? answers.back() : v1::FromProxy();
}

v1::Confirmed TestCore::Confirm(const std::string& transaction_id) {
  v1::Confirmed confirmed;
  core.Confirm(transaction_id, {},
               [&](std::shared_ptr<const v1::FromProxy> answer) { confirmed = answer->confirmed(); });
  return confirmed;
}

std::vector<std::string> TestCore::ViolationsOf(const v1::FromProxy& answer) {
  std::vector<std::string> strings;
  for (const v1::Violation& violation : answer.rejected().violations()) {
    strings.push_back(
        base::StrCat(v1::Violation::Code_Name(violation.code()), " ", violation.path(), ": ", violation.message()));
  }
  return strings;
}

absl::Status TestCore::Report(std::string_view backend, std::string_view server, config::Health health) {
  return core.health().Take(
      {.backend = backend, .server = server, .status = health, .reporter = "probe", .reason = {}});
}

config::Health TestCore::PublishedHealth(std::string_view backend, std::string_view server) const {
  config::Health health = config::Health::kUnknown;
  workers.published().back().snapshot->backends.ForEach([&](size_t, const auto& b) {
    if (b == nullptr || b->settings->id != backend) return;
    b->servers.ForEach([&](size_t, const auto& s) {
      if (s != nullptr && s->id == server) health = s->health;
    });
  });
  return health;
}

}  // namespace fairlead::control
