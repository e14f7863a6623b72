#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/config/snapshot.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/metrics/backend_admission.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/upstream/backends.h"

namespace fairlead::upstream::testing {

// One worker, without its thread: its loop turns when the test says so.
struct TestWorker {
  explicit TestWorker(int index)
      : loop(*event::Loop::Create(event::IoBackend::kEpoll)),
        environment{.loop = loop.get(),
                    .turn_work = &turn_work,
                    .random = &random,
                    .counters = &counters,
                    .worker_index = index} {}

  template <typename Function>
  void Run(Function function) {
    event::TurnScope scope(&turn_work);
    function();
  }

  std::unique_ptr<event::Loop> loop;
  event::TurnWork turn_work;
  load_balancing::Random random{1};
  metrics::WorkerCounters counters;
  Environment environment;
  Backends backends{&environment};
};

// Several workers under a control side that makes one revision after another, of one backend, in slot 0. All of it on
// the test's thread.
class WorkersTest : public ::testing::Test {
 protected:
  static constexpr int kWorkers = 3;

  WorkersTest() {
    for (int i = 0; i < kWorkers; ++i) workers_.push_back(std::make_unique<TestWorker>(i));
    Peers peers;
    for (auto& worker : workers_) peers.push_back({&worker->loop->mailbox(), &worker->backends});
    for (auto& worker : workers_) worker->environment.peers = peers;
    config_.settings = std::make_shared<config::BackendSettings>();
    config_.counters = std::make_shared<metrics::BackendCounters>();
    config_.admission = std::make_shared<metrics::BackendAdmission>(kWorkers);
    SetBackend([](config::BackendSettings* settings) {
      settings->id = "b";
      settings->queue_length = 100;
    });
  }
  ~WorkersTest() override {
    EXPECT_EQ(waiting(), 0u);
    for (auto& worker : workers_) worker->Run([&] { worker->backends.Clear(); });
  }

  void SetBackend(const std::function<void(config::BackendSettings*)>& change) {
    auto settings = std::make_shared<config::BackendSettings>(*config_.settings);
    change(settings.get());
    config_.settings = std::move(settings);
    changes_.backends = {0};
  }
  void SetServer(
      config::ServerSlot slot, uint32_t max_requests,
      const std::function<void(config::Server*)>& change = [](config::Server*) {}) {
    while (config_.servers.size() <= slot) config_.servers.PushBack(nullptr);
    auto server = base::MakeCounted<config::Server>();
    if (config_.servers[slot] != nullptr) {
      *server = *config_.servers[slot];
    } else {
      server->counters = base::MakeCounted<metrics::ServerCounters>();
    }
    server->SetLimits(config::kNoLimit, max_requests);
    change(server.get());
    config_.servers.Set(slot, std::move(server));
    changes_.servers.push_back({0, slot});
  }
  void RemoveServer(config::ServerSlot slot) {
    config_.servers.Set(slot, nullptr);
    changes_.servers.push_back({0, slot});
  }
  // Makes a revision of what was set. Each worker goes over to it by AdoptIn, in the order of revisions.
  void MakeRevision() {
    auto snapshot = std::make_shared<config::Snapshot>();
    snapshot->backends.PushBack(without_backend_ ? nullptr : std::make_shared<config::Backend>(config_));
    revisions_.push_back({snapshot, std::exchange(changes_, {})});
  }
  void AdoptIn(int worker) {
    const auto& [snapshot, changes] = revisions_[this->worker(worker)->environment.adoptions];
    this->worker(worker)->Run([&] { this->worker(worker)->backends.Adopt(*snapshot, changes); });
  }
  void Publish() {
    MakeRevision();
    for (int i = 0; i < kWorkers; ++i) AdoptIn(i);
    Settle();
  }
  // Delivers messages until there are none.
  void Settle() {
    for (int round = 0; round < 4 * kWorkers; ++round) {
      for (auto& worker : workers_) worker->loop->RunOnce(/*wait=*/false);
    }
  }
  // At the end each worker's clock has moved by so much, however long this thread was not let run.
  void RunFor(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    bool over = false;
    while (!over) {
      over = std::chrono::steady_clock::now() >= end;
      Settle();
    }
  }
  // So that who comes next has come later, by more than what workers take for the same time.
  void PassTime() { RunFor(std::chrono::milliseconds(15)); }

  TestWorker* worker(int index) { return workers_[index].get(); }
  uint32_t waiting() const { return config_.admission->waiting.load(); }
  uint32_t active(config::ServerSlot slot) { return config_.servers[slot]->counters->active_requests.load(); }
  uint64_t Sum(metrics::Counter metrics::WorkerAdmission::* counter) {
    uint64_t sum = 0;
    for (int i = 0; i < kWorkers; ++i) sum += (config_.admission->of_worker(i).*counter).value();
    return sum;
  }

  std::vector<std::unique_ptr<TestWorker>> workers_;
  config::Backend config_;
  bool without_backend_ = false;
  config::ChangeList changes_;
  std::vector<std::pair<std::shared_ptr<config::Snapshot>, config::ChangeList>> revisions_;
};

}  // namespace fairlead::upstream::testing
