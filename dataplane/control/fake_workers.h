#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/control/control_core.h"
#include "dataplane/event/timer_wheel.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// A worker pool that adopts when the test says so, or at once.
class FakeWorkers {
 public:
  enum class Adopt { kAtOnce, kWhenTold };
  explicit FakeWorkers(Adopt adopt = Adopt::kAtOnce) : adopt_(adopt) {}

  // Options of a core that publishes to these workers. The rest are defaults.
  ControlCore::Options Options(event::TimerWheel* timers);

  // The workers serve what was published last.
  void AdoptNow();
  bool adopting() const { return on_all_adopted_.has_value(); }

  struct Published {
    std::shared_ptr<const config::Snapshot> snapshot;
    config::ChangeList changes;
  };
  const std::vector<Published>& published() const { return published_; }
  // Lets go of all but the last.
  void DropOldSnapshots() { published_.erase(published_.begin(), published_.end() - 1); }

  // The wall clock: of the beginning, and what it was set forth by since.
  static constexpr uint64_t kStartUs = 1'700'000'000'000'000;
  uint64_t wall_clock_skew_us = 0;

  static constexpr int kWorkers = 2;

 private:
  void Publish(std::shared_ptr<const config::Snapshot> snapshot, config::ChangeList changes,
               absl::AnyInvocable<void()> on_all_adopted);

  const Adopt adopt_;
  std::vector<Published> published_;
  std::optional<absl::AnyInvocable<void()>> on_all_adopted_;
};

// A core with fake workers and a clock that the test moves.
class TestCore {
 public:
  explicit TestCore(FakeWorkers::Adopt adopt = FakeWorkers::Adopt::kAtOnce)
      : TestCore(adopt, nullptr, std::chrono::milliseconds(0)) {}
  // With somebody who saves; answers wait for OnSaved as long as this.
  TestCore(FakeWorkers::Adopt adopt, Saver::Save save, std::chrono::milliseconds save_wait)
      : workers(adopt), core(WithSave(workers.Options(&timers), std::move(save), save_wait)) {}

  // Submits it, under a new id where it has none. The answer comes to `answers`.
  void Submit(v1::Transaction transaction);
  // The same, for a transaction that is answered at once.
  v1::FromProxy Do(v1::Transaction transaction);
  // The answer to Confirm, which comes at once.
  v1::Confirmed Confirm(const std::string& transaction_id);
  // `CODE path: message` of each violation in an answer; none for Applied.
  static std::vector<std::string> ViolationsOf(const v1::FromProxy& answer);

  void Advance(uint64_t ms) { timers.Advance(timers.now_ms() + ms); }

  // A report by "probe", with a lifetime of 30 s.
  absl::Status Report(std::string_view backend, std::string_view server, config::Health health);
  config::Health PublishedHealth(std::string_view backend, std::string_view server) const;

  event::TimerWheel timers;
  FakeWorkers workers;
  ControlCore core;
  std::vector<v1::FromProxy> answers;

 private:
  static ControlCore::Options WithSave(ControlCore::Options options, Saver::Save save,
                                       std::chrono::milliseconds save_wait);

  int last_id_ = 0;
};

}  // namespace fairlead::control
