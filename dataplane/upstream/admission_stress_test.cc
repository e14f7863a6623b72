// Workers on threads of their own, and limits so tight that places pass from one to the other all the time. A wake-up
// that got lost would leave somebody waiting for ever; the rounds end only when all have been served.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/config/snapshot.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/upstream/backends.h"

namespace fairlead::upstream {
namespace {

constexpr int kWorkers = 3;
constexpr int kServers = 3;

// What the servers see, counted apart from what is under test.
struct Fleet {
  std::atomic<int> active[kServers] = {};
  std::atomic<int> peak[kServers] = {};
  std::atomic<int> served = 0;

  void Begin(config::ServerSlot slot) {
    const int now = ++active[slot];
    int before = peak[slot].load();
    while (before < now && !peak[slot].compare_exchange_weak(before, now)) {
    }
  }
  void End(config::ServerSlot slot) {
    --active[slot];
    ++served;
  }
};

struct StressWorker {
  StressWorker(int index, Fleet* fleet)
      : fleet(fleet),
        loop(*event::Loop::Create(event::IoBackend::kEpoll)),
        environment{.loop = loop.get(),
                    .turn_work = &turn_work,
                    .random = &random,
                    .counters = &counters,
                    .worker_index = index} {}

  Fleet* const fleet;
  std::unique_ptr<event::Loop> loop;
  event::TurnWork turn_work;
  load_balancing::Random random{1};
  metrics::WorkerCounters counters;
  Environment environment;
  Backends backends{&environment};
  std::thread thread;
};

constexpr Demand kFresh{.fresh = true};

// Asks, is served for some turns of its worker's loop, and is gone. Some have no patience.
class StressRequest final : public Waiter {
 public:
  explicit StressRequest(StressWorker* worker) : worker_(worker) {}

  void Ask() {
    const Admission admission = worker_->backends.Get(0)->Admit(this, kFresh);
    if (admission.outcome == Admission::Outcome::kAdmitted) return OnAdmitted(admission.choice);
    EXPECT_EQ(admission.outcome, Admission::Outcome::kWaiting);
    if (worker_->random.Below(10) == 0) Later(&StressRequest::LoseHeart);
  }

  // Is served at once, for a moment, or not at all.
  void TryOnce() {
    const Admission admission = worker_->backends.Get(0)->Admit(this, kFresh);
    if (admission.outcome != Admission::Outcome::kAdmitted) return;
    worker_->fleet->Begin(admission.choice.slot);
    worker_->fleet->End(admission.choice.slot);
    admission.choice.server->EndRequest();
  }

 private:
  void OnAdmitted(const Choice& choice) override {
    choice_ = choice;
    worker_->fleet->Begin(choice.slot);
    turns_ = static_cast<int>(worker_->random.Below(3));
    Later(&StressRequest::GoOn);
  }
  void OnRevision() override { Ask(); }
  void OnQueueTimeout() override { ADD_FAILURE() << "after a day"; }

  void Later(void (StressRequest::*function)()) {
    worker_->loop->mailbox().Post([this, function] {
      event::TurnScope scope(&worker_->turn_work);
      (this->*function)();
    });
  }
  void LoseHeart() {
    if (!waiting()) return;
    Leave();
    Ask();  // and comes again, behind all others
  }
  void GoOn() {
    if (turns_-- > 0) return Later(&StressRequest::GoOn);
    worker_->fleet->End(choice_.slot);
    choice_.server->EndRequest();
  }

  StressWorker* const worker_;
  Choice choice_;
  int turns_ = 0;
};

class AdmissionStress : public ::testing::Test {
 protected:
  AdmissionStress() {
    auto settings = std::make_shared<config::BackendSettings>();
    settings->id = "b";
    settings->queue_length = 1000;
    settings->queue_timeout = std::chrono::hours(24);
    config_.settings = std::move(settings);
    config_.counters = std::make_shared<metrics::BackendCounters>();
    config_.admission = std::make_shared<metrics::BackendAdmission>(kWorkers);
    for (int i = 0; i < kWorkers; ++i) workers_.push_back(std::make_unique<StressWorker>(i, &fleet_));
    Peers peers;
    for (auto& worker : workers_) peers.push_back({&worker->loop->mailbox(), &worker->backends});
    for (auto& worker : workers_) {
      worker->environment.peers = peers;
      worker->thread = std::thread([&worker = *worker] { worker.loop->Run(); });
    }
  }
  ~AdmissionStress() override {
    for (auto& worker : workers_) {
      worker->loop->mailbox().Post([&worker = *worker] {
        event::TurnScope scope(&worker.turn_work);
        worker.backends.Clear();
        worker.loop->Stop();
      });
    }
    for (auto& worker : workers_) worker->thread.join();
  }

  void SetQueueLength(uint32_t length) {
    auto settings = std::make_shared<config::BackendSettings>(*config_.settings);
    settings->queue_length = length;
    config_.settings = std::move(settings);
  }
  void SetServer(config::ServerSlot slot, uint32_t max_requests) {
    auto server = base::MakeCounted<config::Server>();
    if (slot < config_.servers.size()) {
      *server = *config_.servers[slot];
    } else {
      config_.servers.PushBack(nullptr);
      server->counters = base::MakeCounted<metrics::ServerCounters>();
    }
    server->SetLimits(config::kNoLimit, max_requests);
    config_.servers.Set(slot, std::move(server));
    changes_.servers.push_back({0, slot});
  }
  void Publish() {
    auto snapshot = std::make_shared<config::Snapshot>();
    snapshot->backends.PushBack(std::make_shared<config::Backend>(config_));
    changes_.backends = {0};
    snapshots_.push_back(snapshot);
    const config::ChangeList changes = std::exchange(changes_, {});
    for (auto& worker : workers_) {
      worker->loop->mailbox().Post([&worker = *worker, snapshot = snapshot.get(), changes] {
        event::TurnScope scope(&worker.turn_work);
        worker.backends.Adopt(*snapshot, changes);
      });
    }
  }
  // All workers make so many requests each; then `meanwhile` runs, and all of them are served.
  template <typename Function>
  void Round(int requests, Function meanwhile) {
    fleet_.served = 0;
    std::vector<std::unique_ptr<StressRequest>> all;
    for (auto& worker : workers_) {
      for (int i = 0; i < requests; ++i) {
        all.push_back(std::make_unique<StressRequest>(worker.get()));
        worker->loop->mailbox().Post([&worker = *worker, request = all.back().get()] {
          event::TurnScope scope(&worker.turn_work);
          request->Ask();
        });
      }
    }
    meanwhile();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (fleet_.served < requests * kWorkers && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    ASSERT_EQ(fleet_.served, requests * kWorkers) << "somebody was forgotten";
    // What the requests still have to do in their workers.
    for (auto& worker : workers_) {
      std::atomic<int> hops = 0;
      worker->loop->mailbox().Post([&hops] { ++hops; });
      while (hops == 0) std::this_thread::yield();
      worker->loop->mailbox().Post([&hops] { ++hops; });
      while (hops == 1) std::this_thread::yield();
    }
    ASSERT_EQ(config_.admission->waiting, 0u);
  }

  Fleet fleet_;
  config::Backend config_;
  config::ChangeList changes_;
  std::vector<std::shared_ptr<config::Snapshot>> snapshots_;
  std::vector<std::unique_ptr<StressWorker>> workers_;
};

// Nobody waits: all try again at once, so that they meet at the limit as often as they can.
TEST_F(AdmissionStress, ALimitHoldsAgainstAllWorkersAtOnce) {
  SetQueueLength(0);
  SetServer(0, 1);
  Publish();
  std::atomic<int> done = 0;
  for (auto& worker : workers_) {
    worker->loop->mailbox().Post([&worker = *worker, &done] {
      for (int i = 0; i < 300'000; ++i) {
        event::TurnScope scope(&worker.turn_work);
        StressRequest request(&worker);
        request.TryOnce();
      }
      ++done;
    });
  }
  while (done < kWorkers) std::this_thread::yield();
  EXPECT_EQ(fleet_.peak[0], 1);
}

TEST_F(AdmissionStress, NobodyIsForgottenAtOnePlace) {
  SetServer(0, 1);
  Publish();
  for (int round = 0; round < 1500 && !HasFatalFailure(); ++round) Round(1 + round % 3, [] {});
  EXPECT_EQ(fleet_.peak[0], 1);
}

TEST_F(AdmissionStress, NobodyIsForgottenAtSeveralServers) {
  for (config::ServerSlot slot = 0; slot < kServers; ++slot) SetServer(slot, slot + 1);
  Publish();
  for (int round = 0; round < 500 && !HasFatalFailure(); ++round) Round(1 + round % 8, [] {});
  for (int slot = 0; slot < kServers; ++slot) EXPECT_LE(fleet_.peak[slot], slot + 1);
}

TEST_F(AdmissionStress, NobodyIsForgottenWhileLimitsChange) {
  SetServer(0, 1);
  Publish();
  for (int round = 0; round < 500 && !HasFatalFailure(); ++round) {
    Round(3, [&] {
      SetServer(0, 1 + round % 4);
      Publish();
    });
  }
  EXPECT_LE(fleet_.peak[0], 4);
}

}  // namespace
}  // namespace fairlead::upstream
