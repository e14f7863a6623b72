#include "dataplane/upstream/rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/load_balancing/hash_table.h"

namespace fairlead::upstream {
namespace {

using config::AdminState;
using config::Health;
using config::ServerSlot;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using load_balancing::HashTable;

class RotationTest : public ::testing::TestWithParam<config::LoadBalancingPolicy> {
 protected:
  RotationTest() {
    settings_.policy = GetParam();
    config_.settings = std::make_shared<config::BackendSettings>(settings_);
    rotation_ = std::make_unique<Rotation>(&random_, &config_);
  }

  void Set(ServerSlot slot, AdminState state, Health health, uint32_t weight = 1) {
    auto server = base::MakeCounted<config::Server>();
    server->id = "server-" + std::to_string(slot);
    server->counters = base::MakeCounted<metrics::ServerCounters>();
    server->admin_state = state;
    server->health = health;
    server->weight = weight;
    Put(slot, std::move(server));
  }
  void Put(ServerSlot slot, config::ServerPtr server) {
    while (config_.servers.size() <= slot) config_.servers.PushBack(nullptr);
    config_.servers.Set(slot, std::move(server));
    if (GetParam() == config::LoadBalancingPolicy::kHash) SwapTable();
    rotation_->SetServer(slot);
  }
  void SwapTable() {
    std::vector<HashTable::Change> changes;
    config_.servers.ForEach([&](ServerSlot slot, const config::ServerPtr& server) {
      changes.push_back({slot, HashTable::ServerOf(server.get())});
    });
    const auto before = config_.hash_table;  // as long as the rotation has it
    config_.hash_table = HashTable::Build({}, before.get(), changes);
    rotation_->Update(&config_);
  }
  void SetHealth(ServerSlot slot, Health health) { Set(slot, AdminState::kReady, health); }
  void SetThreshold(double threshold) {
    settings_.panic_threshold = threshold;
    config_.settings = std::make_shared<config::BackendSettings>(settings_);
    rotation_->Update(&config_);
    rotation_->Settle();
  }
  // How often each was picked, of many times.
  std::map<ServerSlot, int> Picked() {
    std::map<ServerSlot, int> picked;
    for (int i = 0; i < 600; ++i) {
      // Of which only one policy looks at the hash.
      const Demand demand{.hash = random_.Next(), .has_hash = true};
      if (const std::optional<ServerSlot> slot = rotation_->Pick(demand)) ++picked[*slot];
    }
    return picked;
  }
  std::vector<ServerSlot> PickedSlots() {
    std::vector<ServerSlot> slots;
    for (const auto& [slot, times] : Picked()) slots.push_back(slot);
    return slots;
  }

  load_balancing::Random random_{1};
  config::BackendSettings settings_;
  config::Backend config_;
  std::unique_ptr<Rotation> rotation_;
};
INSTANTIATE_TEST_SUITE_P(, RotationTest,
                         ::testing::Values(config::LoadBalancingPolicy::kRoundRobin,
                                           config::LoadBalancingPolicy::kLeastRequest,
                                           config::LoadBalancingPolicy::kRandom, config::LoadBalancingPolicy::kHash));

TEST_P(RotationTest, TakesServersOutAndPutsThemBack) {
  for (ServerSlot slot : {0, 1, 2}) SetHealth(slot, Health::kUp);
  rotation_->Settle();
  rotation_->TakeOut(1);
  EXPECT_THAT(PickedSlots(), ElementsAre(0, 2));
  EXPECT_TRUE(rotation_->IsOut(1));
  rotation_->TakeOut(0);
  rotation_->TakeOut(2);
  EXPECT_THAT(PickedSlots(), IsEmpty());
  EXPECT_TRUE(rotation_->empty());
  EXPECT_EQ(rotation_->takers(), 3u) << "they are full, not gone";
  rotation_->PutBack(2);
  EXPECT_FALSE(rotation_->empty());
  EXPECT_THAT(PickedSlots(), ElementsAre(2));
  EXPECT_EQ(rotation_->out(), 2u);
}

TEST_P(RotationTest, AChangedServerIsBack) {
  SetHealth(0, Health::kUp);
  rotation_->TakeOut(0);
  Set(0, AdminState::kReady, Health::kUp, 2);
  EXPECT_EQ(rotation_->out(), 0u);
  EXPECT_THAT(PickedSlots(), ElementsAre(0));
}

TEST_P(RotationTest, AServerThatIsOutStaysOutOverPanicAndLeavesForGood) {
  SetHealth(0, Health::kUp);
  SetHealth(1, Health::kUp);
  rotation_->Settle();
  rotation_->TakeOut(0);
  SetThreshold(1);
  EXPECT_FALSE(rotation_->panic());
  Put(0, nullptr);
  rotation_->Settle();
  EXPECT_EQ(rotation_->out(), 0u);
  EXPECT_EQ(rotation_->takers(), 1u);
  EXPECT_THAT(PickedSlots(), ElementsAre(1));
}

TEST_P(RotationTest, LooksAtHealthAsLongAsEnoughIsEligible) {
  for (ServerSlot slot = 0; slot < 10; ++slot) SetHealth(slot, slot < 5 ? Health::kUp : Health::kDown);
  Set(10, AdminState::kDrain, Health::kUp);  // none of these counts
  Set(11, AdminState::kMaint, Health::kDown);
  Set(12, AdminState::kReady, Health::kDown, 0);
  SetThreshold(0.5);
  EXPECT_FALSE(rotation_->panic()) << "half is not less than half";
  EXPECT_THAT(PickedSlots(), ElementsAre(0, 1, 2, 3, 4));

  SetHealth(4, Health::kDown);
  rotation_->Settle();
  EXPECT_TRUE(rotation_->panic());
  EXPECT_EQ(rotation_->takers(), 10u);
  EXPECT_THAT(PickedSlots(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));

  SetHealth(7, Health::kDegraded);
  rotation_->Settle();
  EXPECT_FALSE(rotation_->panic());
  EXPECT_THAT(PickedSlots(), ElementsAre(0, 1, 2, 3, 7));
}

TEST_P(RotationTest, NeverPanicsUnlessToldTo) {
  SetHealth(0, Health::kDown);
  rotation_->Settle();
  EXPECT_FALSE(rotation_->panic());
  EXPECT_EQ(rotation_->takers(), 0u);
  EXPECT_TRUE(rotation_->empty());
  SetThreshold(0.01);
  EXPECT_TRUE(rotation_->panic());
  EXPECT_THAT(PickedSlots(), ElementsAre(0));
  SetThreshold(0);
  EXPECT_THAT(PickedSlots(), IsEmpty());
}

TEST_P(RotationTest, HasNoPanicWithoutServers) {
  SetThreshold(1);
  EXPECT_FALSE(rotation_->panic());
  Set(0, AdminState::kMaint, Health::kUp);
  rotation_->Settle();
  EXPECT_FALSE(rotation_->panic());
}

TEST_P(RotationTest, DecidesOnceForAllChangesOfARevision) {
  SetThreshold(0.5);
  for (ServerSlot slot = 0; slot < 4; ++slot) SetHealth(slot, Health::kUp);
  rotation_->Settle();
  for (ServerSlot slot = 0; slot < 4; ++slot) SetHealth(slot, Health::kDown);
  for (ServerSlot slot = 0; slot < 4; ++slot) SetHealth(slot, slot % 2 == 0 ? Health::kUp : Health::kDown);
  rotation_->Settle();
  EXPECT_THAT(PickedSlots(), ElementsAre(0, 2));
}

using HashRotation = RotationTest;
INSTANTIATE_TEST_SUITE_P(, HashRotation, ::testing::Values(config::LoadBalancingPolicy::kHash));

TEST_P(HashRotation, AKeyStaysWithItsServerThroughPanicAndFullServers) {
  for (ServerSlot slot = 0; slot < 5; ++slot) SetHealth(slot, Health::kUp);
  rotation_->Settle();
  const auto owner = [&](uint64_t hash) { return *rotation_->Pick({.hash = hash, .has_hash = true}); };
  std::map<uint64_t, ServerSlot> owners;
  for (int i = 0; i < 200; ++i) {
    const uint64_t hash = random_.Next();
    owners[hash] = owner(hash);
  }
  rotation_->TakeOut(3);
  for (const auto& [hash, slot] : owners) EXPECT_EQ(owner(hash) == slot, slot != 3);
  rotation_->PutBack(3);
  SetThreshold(0.5);
  for (ServerSlot slot = 0; slot < 4; ++slot) SetHealth(slot, Health::kDown);
  rotation_->Settle();
  ASSERT_TRUE(rotation_->panic());
  for (const auto& [hash, slot] : owners) EXPECT_EQ(owner(hash), slot);
}

TEST_P(HashRotation, AnotherPolicyForgetsTheTable) {
  SetHealth(0, Health::kUp);
  SetHealth(1, Health::kUp);
  settings_.policy = config::LoadBalancingPolicy::kRoundRobin;
  config_.settings = std::make_shared<config::BackendSettings>(settings_);
  config_.hash_table = nullptr;
  rotation_->Update(&config_);
  rotation_->Settle();
  EXPECT_THAT(Picked(), ElementsAre(Pair(0, 300), Pair(1, 300)));
}

TEST(RoundRobinRotation, KeepsTheTurnsOfTheOthersWhileOneIsFull) {
  load_balancing::Random random(1);
  config::Backend config;
  config.settings = std::make_shared<config::BackendSettings>();
  Rotation rotation(&random, &config);
  for (ServerSlot slot = 0; slot < 3; ++slot) {
    auto server = base::MakeCounted<config::Server>();
    server->counters = base::MakeCounted<metrics::ServerCounters>();
    config.servers.PushBack(std::move(server));
    rotation.SetServer(slot);
  }
  rotation.Settle();
  std::map<ServerSlot, int> picked;
  for (int i = 0; i < 30; ++i) ++picked[*rotation.Pick({})];
  EXPECT_THAT(picked, ElementsAre(Pair(0, 10), Pair(1, 10), Pair(2, 10)));
  rotation.TakeOut(1);
  for (int i = 0; i < 20; ++i) ++picked[*rotation.Pick({})];
  EXPECT_THAT(picked, ElementsAre(Pair(0, 20), Pair(1, 10), Pair(2, 20)));
  rotation.PutBack(1);
  for (int i = 0; i < 30; ++i) ++picked[*rotation.Pick({})];
  EXPECT_THAT(picked, ElementsAre(Pair(0, 30), Pair(1, 20), Pair(2, 30))) << "no burst for the turns it missed";
}

}  // namespace
}  // namespace fairlead::upstream
