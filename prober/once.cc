#include "prober/once.h"

#include <signal.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ctl/connection.h"
#include "ctl/requests.h"
#include "ctl/table.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/signals.h"
#include "prober/check_settings.h"
#include "prober/command_attempt.h"
#include "prober/make_attempt.h"
#include "prober/server_list.h"

namespace fairlead::prober {
namespace {

// From the first proxy that answers.
absl::StatusOr<std::vector<Target>> AskForServers(const Options& options) {
  absl::Status last;
  for (const std::string& address : options.proxies) {
    const auto connection = ctl::Connection::Open({.address = address, .tls = options.tls});
    if (!connection.ok()) {
      last = connection.status();
      continue;
    }
    v1::StateFilter filter;
    filter.set_without_status(true);
    const absl::StatusOr<v1::StateReport> report = ctl::GetState(**connection, filter);
    if (report.ok()) return ServersOf(report->config());
    last = report.status();
  }
  return last;
}

// What a check of a server came to.
struct Row {
  Target target;
  std::shared_ptr<const CheckSettings> settings;
  Outcome outcome = {};
  uint64_t took_ms = 0;
};

// Runs all checks, so many at a time.
class Round {
 public:
  Round(event::Loop* loop, Commands* commands, size_t most, std::vector<Row>* rows)
      : loop_(loop), commands_(commands), most_(most), rows_(rows) {}

  void Run() {
    BeginMore();
    if (!runs_.empty()) loop_->Run();
  }

 private:
  struct Check {
    Check(Round* owner, size_t row) : round(owner), index(row) {}

    Round* const round;
    const size_t index;
    uint64_t began_ms = 0;
    std::unique_ptr<Attempt> attempt;
    event::Timer timeout{[](void* self) {
                           auto* check = static_cast<Check*>(self);
                           const uint64_t timeout_ms = (*check->round->rows_)[check->index].settings->timeout_ms;
                           check->round->End(check->index, TimedOut(timeout_ms, check->attempt->stage()));
                         },
                         this};
  };

  void BeginMore() {
    while (next_ < rows_->size() && runs_.size() < most_) {
      const size_t index = next_++;
      auto& check = runs_[index] = std::make_unique<Check>(this, index);
      const Row& row = (*rows_)[index];
      check->began_ms = loop_->now_ms();
      loop_->timers().Schedule(&check->timeout, row.settings->timeout_ms);
      check->attempt = MakeAttempt(loop_, commands_, row.target, row.settings,
                                   [this, index](const Outcome& outcome) { End(index, outcome); });
    }
  }

  void End(size_t index, const Outcome& outcome) {
    const auto found = runs_.find(index);
    (*rows_)[index].outcome = outcome;
    (*rows_)[index].took_ms = loop_->now_ms() - found->second->began_ms;
    runs_.erase(found);
    BeginMore();
    if (runs_.empty()) loop_->Stop();
  }

  event::Loop* const loop_;
  Commands* const commands_;
  const size_t most_;
  std::vector<Row>* const rows_;
  size_t next_ = 0;
  std::map<size_t, std::unique_ptr<Check>> runs_;
};

void Print(const std::vector<Row>& rows, std::ostream& out) {
  ctl::Table table({{"SERVER"}, {"ADDRESS"}, {"CHECK"}, {"RESULT"}, {"MS", ctl::Align::kRight}, {"REASON"}});
  for (const Row& row : rows) {
    table.AddRow({row.target.name(), row.target.address.ToString(), std::string(row.settings->kind_name()),
                  row.outcome.success ? "UP" : "DOWN", std::to_string(row.took_ms), row.outcome.reason});
  }
  table.Print(out);
}

}  // namespace

absl::StatusOr<bool> RunOnce(const Options& options, std::ostream& out) {
  const absl::StatusOr<CheckPlan> plan =
      options.config.empty() ? CheckPlan::Default() : CheckPlan::Read(options.config);
  if (!plan.ok()) return plan.status();
  std::unique_ptr<event::Loop> loop;
  Commands commands;
  bool interrupted = false;
  // Made before the first thread, gone before what it posts to.
  event::Signals signals{SIGCHLD};
  const absl::StatusOr<std::vector<Target>> targets =
      options.servers.empty() ? AskForServers(options) : ReadServers(options.servers);
  if (!targets.ok()) return targets.status();
  std::vector<Row> rows;
  for (const Target& target : *targets) {
    if (auto settings = plan->Of(target.backend); settings != nullptr) rows.push_back({target, std::move(settings)});
  }
  auto created = event::Loop::Create(options.io);
  if (!created.ok()) return created.status();
  loop = *std::move(created);
  signals.Start([&](int signal) {
    loop->mailbox().Post([&, signal] {
      if (signal == SIGCHLD) return commands.OnChildSignal();
      interrupted = true;
      loop->Stop();
    });
  });
  Round(loop.get(), &commands, options.max_checks, &rows).Run();
  if (interrupted) return absl::CancelledError("interrupted");
  Print(rows, out);
  bool all_up = true;
  for (const Row& row : rows) all_up = all_up && row.outcome.success;
  return all_up;
}

}  // namespace fairlead::prober
