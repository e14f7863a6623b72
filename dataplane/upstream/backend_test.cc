#include "dataplane/upstream/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "dataplane/config/snapshot.h"
#include "dataplane/upstream/backends.h"
#include "dataplane/upstream/upstream_test_support.h"

namespace fairlead::upstream {
namespace {

using config::AdminState;
using config::ChangeList;
using config::Health;
using config::LoadBalancingPolicy;
using config::ServerSlot;
using event::testing::Peer;
using event::testing::TestListener;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TestUser;
using testing::UpstreamTest;

constexpr ServerSlot kNone = load_balancing::Policy::kNone;

// A worker's backends under a control side that makes one revision after another.
class BackendTest : public UpstreamTest {
 protected:
  BackendTest() {
    AddBackend("web");
    Publish();
  }
  ~BackendTest() override {
    Run([&] { backends_.Clear(); });
  }

  config::BackendSlot AddBackend(const std::string& id) {
    auto settings = std::make_shared<config::BackendSettings>();
    settings->id = id;
    auto backend = std::make_shared<config::Backend>();
    backend->settings = std::move(settings);
    backend->admission = std::make_shared<metrics::BackendAdmission>(1);
    backend->counters = std::make_shared<metrics::BackendCounters>();
    const auto slot = static_cast<config::BackendSlot>(next_->backends.size());
    next_->backends.PushBack(std::move(backend));
    changes_.backends.push_back(slot);
    return slot;
  }
  config::Backend CopyOf(config::BackendSlot slot) { return *next_->backends[slot]; }
  void SetBackend(config::BackendSlot slot, config::Backend backend) {
    next_->backends.Set(slot, std::make_shared<config::Backend>(std::move(backend)));
  }
  template <typename Change>
  void ChangeSettings(Change change) {
    config::Backend backend = CopyOf(0);
    auto settings = std::make_shared<config::BackendSettings>(*backend.settings);
    change(settings.get());
    backend.settings = std::move(settings);
    SetBackend(0, std::move(backend));
    changes_.backends.push_back(0);
  }
  void SetServer(ServerSlot slot, config::ServerPtr server, config::BackendSlot in = 0) {
    config::Backend backend = CopyOf(in);
    while (backend.servers.size() <= slot) backend.servers.PushBack(nullptr);
    backend.servers.Set(slot, std::move(server));
    SetBackend(in, std::move(backend));
    changes_.servers.push_back({.backend = in, .server = slot});
  }
  template <typename Change>
  void ChangeServer(ServerSlot slot, Change change) {
    auto server = base::MakeCounted<config::Server>(*next_->backends[0]->servers[slot]);
    change(server.get());
    SetServer(slot, std::move(server));
  }
  // Has the worker go over to what was built; then the revision before is destroyed.
  void Publish() {
    Run([&] { backends_.Adopt(*next_, std::exchange(changes_, {})); });
    auto copy = std::make_unique<config::Snapshot>(*next_);
    current_ = std::exchange(next_, std::move(copy));
  }

  Backend* backend(config::BackendSlot slot = 0) { return backends_.Get(slot); }
  // Admits a request, which has ended before it took a connection.
  Choice PickChoice(ServerSlot avoid = kNone) {
    struct NoWaiter final : Waiter {
      void OnAdmitted(const Choice&) override {}
      void OnRevision() override {}
      void OnQueueTimeout() override {}
    } waiter;
    const Admission admission = backend()->Admit(&waiter, {.avoid = avoid});
    const Choice choice = admission.choice;
    if (admission.outcome != Admission::Outcome::kAdmitted) return {};
    if (choice.place == ConnectionPlace::kNew) {
      current_->backends[0]->servers[choice.slot]->counters->open_connections.fetch_sub(1);
    }
    choice.server->EndRequest();
    return choice;
  }
  Server* Pick(ServerSlot avoid = kNone) { return PickChoice(avoid).server; }
  // The slots that many picks give.
  std::set<ServerSlot> Picked() {
    std::set<ServerSlot> slots;
    for (int i = 0; i < 100; ++i) {
      const Choice choice = PickChoice();
      if (choice.server != nullptr) slots.insert(choice.slot);
    }
    return slots;
  }
  Peer MakeIdleConnection(Server* server, const TestListener& listener) {
    TestUser user;
    Run([&] { user.Start(server, /*fresh=*/true); });
    Peer peer = Accept(listener);
    Answer(peer);
    RunUntil([&] { return user.done(); });
    return peer;
  }

  TestListener listener_, other_listener_;
  Backends backends_{&environment_};
  std::unique_ptr<config::Snapshot> current_;
  std::unique_ptr<config::Snapshot> next_ = std::make_unique<config::Snapshot>();
  ChangeList changes_;
};
INSTANTIATE_FOR_ALL_BACKENDS(BackendTest);

TEST_P(BackendTest, PicksNothingWithoutServers) { EXPECT_EQ(Pick(), nullptr); }

TEST_P(BackendTest, PicksAServerAsSoonAsItIsThereAndNoLonger) {
  SetServer(0, MakeServer(listener_));
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(0u));
  SetServer(1, MakeServer(other_listener_));
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(0u, 1u));
  SetServer(0, nullptr);
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(1u));
}

TEST_P(BackendTest, AvoidsAServerIfThereIsAnother) {
  SetServer(0, MakeServer(listener_));
  Publish();
  EXPECT_NE(Pick(/*avoid=*/0), nullptr);
  SetServer(1, MakeServer(other_listener_));
  Publish();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(PickChoice(/*avoid=*/0).slot, 1u);
}

TEST_P(BackendTest, PicksOnlyServersThatAreEligible) {
  SetServer(0, MakeServer(listener_));
  Publish();
  for (AdminState state : {AdminState::kDrain, AdminState::kMaint}) {
    ChangeServer(0, [&](config::Server* server) { server->admin_state = state; });
    Publish();
    EXPECT_THAT(Picked(), IsEmpty());
  }
  ChangeServer(0, [&](config::Server* server) { server->admin_state = AdminState::kReady; });
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(0u));
  ChangeServer(0, [&](config::Server* server) { server->health = Health::kDown; });
  Publish();
  EXPECT_THAT(Picked(), IsEmpty());
  ChangeServer(0, [&](config::Server* server) { server->health = Health::kDegraded; });
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(0u));
  ChangeServer(0, [&](config::Server* server) { server->weight = 0; });
  Publish();
  EXPECT_THAT(Picked(), IsEmpty());
}

TEST_P(BackendTest, SaysWhetherUnknownServersAreEligible) {
  SetServer(0, MakeServer(listener_));
  SetServer(1, MakeServer(other_listener_));
  ChangeServer(1, [](config::Server* server) { server->health = Health::kUp; });
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(0u, 1u));
  ChangeSettings([](config::BackendSettings* settings) { settings->unknown_is_eligible = false; });
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(1u));
  ChangeSettings([](config::BackendSettings* settings) { settings->unknown_is_eligible = true; });
  Publish();
  EXPECT_THAT(Picked(), ElementsAre(0u, 1u));
}

TEST_P(BackendTest, KeepsConnectionsOverChangesOfPolicySettingsWeightAndHealth) {
  SetServer(0, MakeServer(listener_));
  Publish();
  Server* const server = Pick();
  Peer peer = MakeIdleConnection(server, listener_);
  for (LoadBalancingPolicy policy :
       {LoadBalancingPolicy::kLeastRequest, LoadBalancingPolicy::kRandom, LoadBalancingPolicy::kRoundRobin}) {
    ChangeSettings([&](config::BackendSettings* settings) { settings->policy = policy; });
    Publish();
    ASSERT_EQ(Pick(), server);
  }
  ChangeServer(0, [](config::Server* changed) { changed->weight = 7; });
  Publish();
  ChangeServer(0, [](config::Server* changed) { changed->health = Health::kUp; });
  SetServer(1, MakeServer(other_listener_));
  Publish();
  ASSERT_EQ(Pick(/*avoid=*/1), server);
  Exchange(server, peer);
  EXPECT_EQ(next_->backends[0]->servers[0]->counters->of_worker(0).connections.value(), 1u);
}

TEST_P(BackendTest, AppliesNewSettingsToServersThatStay) {
  SetServer(0, MakeServer(listener_));
  Publish();
  Peer first = MakeIdleConnection(Pick(), listener_);
  ChangeSettings([](config::BackendSettings* settings) { settings->max_idle_connections = 1; });
  Publish();
  Peer second = MakeIdleConnection(Pick(), listener_);
  RunUntilClosed(second);
  Exchange(Pick(), first);
}

TEST_P(BackendTest, GivesASlotToAnotherServerWithoutMixingThem) {
  const base::CountedPtr<config::Server> old_config = MakeServer(listener_), new_config = MakeServer(other_listener_);
  SetServer(0, old_config);
  Publish();
  Peer idle = MakeIdleConnection(Pick(), listener_);
  Peer in_use = MakeIdleConnection(Pick(), listener_);
  TestUser busy;
  Run([&] { busy.Start(Pick()); });

  SetServer(0, new_config);
  Publish();
  RunUntilClosed(idle);
  TestUser user;
  Run([&] { user.Start(Pick()); });
  EXPECT_FALSE(user.reused());
  Peer peer = Accept(other_listener_);
  Answer(peer);
  RunUntil([&] { return user.done(); });
  EXPECT_EQ(new_config->counters->of_worker(0).requests.value(), 1u);

  EXPECT_EQ(old_config->counters->active_requests.load(), 1u);
  Answer(in_use);
  RunUntil([&] { return busy.done(); });
  EXPECT_EQ(busy.body, "ok");
  EXPECT_EQ(old_config->counters->active_requests.load(), 0u);
  RunUntilClosed(in_use);
}

TEST_P(BackendTest, MovesWithAServersAddress) {
  SetServer(0, MakeServer(listener_));
  Publish();
  Peer idle = MakeIdleConnection(Pick(), listener_);
  ChangeServer(0, [&](config::Server* server) { server->address = MakeServer(other_listener_)->address; });
  Publish();
  RunUntilClosed(idle);
  Peer peer = MakeIdleConnection(Pick(), other_listener_);
  Exchange(Pick(), peer);
}

TEST_P(BackendTest, EndsWithItsIdleConnectionsWhenItIsRemoved) {
  SetServer(0, MakeServer(listener_));
  Publish();
  const std::shared_ptr<const config::Backend> held_by_the_exchanges_revision = next_->backends[0];
  Peer idle = MakeIdleConnection(Pick(), listener_);
  Peer in_use = MakeIdleConnection(Pick(), listener_);
  TestUser busy;
  Run([&] { busy.Start(Pick()); });
  next_->backends.Set(0, nullptr);
  changes_.backends.push_back(0);
  changes_.servers.push_back({.backend = 0, .server = 0});
  Publish();
  EXPECT_EQ(backend(), nullptr);
  RunUntilClosed(idle);
  Answer(in_use);
  RunUntil([&] { return busy.done(); });
  EXPECT_EQ(busy.body, "ok");
}

TEST_P(BackendTest, GivesASlotToAnotherBackendWithoutMixingThem) {
  SetServer(0, MakeServer(listener_));
  Publish();
  Peer idle = MakeIdleConnection(Pick(), listener_);
  auto settings = std::make_shared<config::BackendSettings>();
  settings->id = "other";
  config::Backend other;
  other.settings = std::move(settings);
  other.admission = std::make_shared<metrics::BackendAdmission>(1);
  other.counters = std::make_shared<metrics::BackendCounters>();
  SetBackend(0, std::move(other));
  changes_.backends.push_back(0);
  SetServer(0, nullptr);
  SetServer(1, MakeServer(other_listener_));
  Publish();
  RunUntilClosed(idle);
  EXPECT_THAT(Picked(), ElementsAre(1u));
}

TEST_P(BackendTest, DoesNotDisturbOthers) {
  SetServer(0, MakeServer(listener_));
  AddBackend("api");
  SetServer(0, MakeServer(other_listener_), /*in=*/1);
  Publish();
  Peer peer = MakeIdleConnection(Pick(), listener_);
  Server* const server = Pick();
  next_->backends.Set(1, nullptr);
  changes_.backends.push_back(1);
  changes_.servers.push_back({.backend = 1, .server = 0});
  Publish();
  ASSERT_EQ(Pick(), server);
  Exchange(server, peer);
}

}  // namespace
}  // namespace fairlead::upstream
