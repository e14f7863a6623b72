// Tables on their way through the threads: made in the background, published by the control thread, read by workers.

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/background.h"
#include "dataplane/control/control_core.h"
#include "dataplane/control/loop_thread.h"
#include "dataplane/control/test_support.h"
#include "dataplane/load_balancing/hash_policy.h"
#include "dataplane/load_balancing/hash_table.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::control {
namespace {

constexpr int kWorkers = 2;

// Goes over to each snapshot, as upstream::Rotation does, and asks for keys.
class ReadingWorker {
 public:
  void Adopt(const config::Snapshot& snapshot) {
    const config::Backend& backend = *snapshot.backends[0];
    policy_.SetTable(backend.hash_table.get());
    backend.servers.ForEach([&](config::ServerSlot slot, const config::ServerPtr& server) {
      const load_balancing::HashTable::Server now = load_balancing::HashTable::ServerOf(server.get());
      policy_.SetWeight(slot, now.weight, nullptr);
      if (now.weight > 0) policy_.SetTag(slot, load_balancing::TableEntry::TagOf(now.identity));
    });
    for (uint64_t key = 0; key < 100; ++key) {
      const std::optional<config::ServerSlot> slot =
          policy_.PickFor(load_balancing::Derive(key, 1), load_balancing::Policy::kNone, load_balancing::Policy::kNone);
      ASSERT_TRUE(slot.has_value());
      ASSERT_NE(backend.servers[*slot], nullptr);
      ASSERT_GT(backend.servers[*slot]->weight, 0);
    }
  }

 private:
  load_balancing::Random random_{1};
  load_balancing::HashPolicy policy_{&random_};
};

TEST(HashTablesThreads, WorkersReadTablesWhileOthersAreMade) {
  LoopThread control;
  std::array<LoopThread, kWorkers> worker_threads;
  std::array<ReadingWorker, kWorkers> workers;
  // The control thread's:
  std::shared_ptr<const config::Snapshot> adopting;
  std::shared_ptr<const config::Snapshot> adopted;
  absl::AnyInvocable<void()> on_all_adopted;
  int not_adopted = 0;

  BackgroundThread background(&control.loop()->mailbox());
  std::unique_ptr<ControlCore> core;
  ControlCore::Options options;
  options.workers = kWorkers;
  options.timers = &control.loop()->timers();
  options.background = [&](absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done) {
    background.Do(std::move(work), std::move(done));
  };
  options.publish = [&](std::shared_ptr<const config::Snapshot> snapshot, config::ChangeList,
                        absl::AnyInvocable<void()> then) {
    adopting = std::move(snapshot);
    on_all_adopted = std::move(then);
    not_adopted = kWorkers;
    for (int i = 0; i < kWorkers; ++i) {
      worker_threads[i].loop()->mailbox().Post([&, i, read = adopting.get()] {
        workers[i].Adopt(*read);
        control.loop()->mailbox().Post([&] {
          if (--not_adopted > 0) return;
          adopted = adopting;  // destroys the one before
          std::exchange(on_all_adopted, nullptr)();
        });
      });
    }
  };
  control.Run([&] { core = std::make_unique<ControlCore>(std::move(options)); });

  const auto apply = [&](v1::Transaction transaction) {
    std::promise<bool> applied;
    control.loop()->mailbox().Post([&] {
      core->SubmitTransaction(std::move(transaction),
                              [&](const auto& answer) { applied.set_value(answer->has_applied()); });
    });
    ASSERT_TRUE(applied.get_future().get());
  };
  // Servers come, go, leave their slots to others, have other weights.
  const auto apply_change = [&](int i) {
    const auto upsert = [](std::string_view id, int weight) {
      return base::StrCat("operations { upsert_server { backend: \"web\" server { id: \"", id,
                          "\" address: \"10.0.0.1:80\" weight: ", weight, " } } } ");
    };
    std::string operations = upsert(base::StrCat("s", i % 20), 1 + i % 5) + upsert(base::StrCat("n", i), 1);
    if (i > 0) operations += base::StrCat("operations { remove_server { backend: \"web\" server: \"n", i - 1, "\" } }");
    v1::Transaction change = ParseTransaction(operations);
    change.set_id(base::StrCat("change ", i));
    apply(std::move(change));
  };
  std::string servers;
  for (int i = 0; i < 20; ++i) servers += base::StrCat("servers { id: \"s", i, "\" address: \"10.0.0.1:80\" } ");
  v1::Transaction first = SnapshotTransaction(base::StrCat(
      R"(backends { id: "web" load_balancing { policy: RING_HASH ring_points: 1000 hash { path: true } } )", servers,
      "}"));
  first.set_id("first");
  apply(std::move(first));
  uint64_t swaps = 0;
  for (int i = 0; swaps < 5; ++i) {
    apply_change(i);
    swaps = control.Run([&] { return core->hash_table_totals().swaps; });
  }
  // As a server ends: no thread runs any more when the core goes.
  for (LoopThread& thread : worker_threads) thread.Stop();
  control.Stop();
}

}  // namespace
}  // namespace fairlead::control
