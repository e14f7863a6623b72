#include "dataplane/control/impact.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/moved_keys.h"
#include "dataplane/control/test_support.h"

namespace fairlead::control {
namespace {

// As text, for a dry run of these operations upon kSmallState.
class ImpactTest : public testing::Test {
 protected:
  ImpactTest() {
    test_.Do(SnapshotTransaction(kSmallState));
    const config::Server& w1 = *test_.core.snapshot()->backends[0]->servers[0];
    w1.counters->active_requests = 3;
    w1.counters->open_connections = 4;
  }

  std::string Of(std::string_view operations) {
    v1::Transaction transaction = ParseTransaction(operations);
    transaction.set_dry_run(true);
    const v1::FromProxy answer = test_.Do(transaction);
    EXPECT_TRUE(answer.has_applied()) << answer.DebugString();
    return answer.applied().impact().ShortDebugString();
  }

  TestCore test_;
};

TEST_F(ImpactTest, ARemovedServerTakesItsShareAlong) {
  EXPECT_EQ(Of(R"(operations { upsert_server { backend: "web" server { id: "w3" address: "10.0.0.3:80" weight: 5 } } }
                  operations { remove_server { backend: "web" server: "w1" } })"),
            R"(backends { id: "web" before { servers: 2 eligible_servers: 1 eligible_weight: 5 } )"
            R"(after { servers: 2 eligible_servers: 1 eligible_weight: 5 } )"
            R"(moved_share: 1 displaced_requests: 3 closed_connections: 4 })");
}

TEST_F(ImpactTest, MaintenanceEndsWhatRuns) {
  EXPECT_EQ(Of(R"(operations { upsert_server { backend: "web"
                    server { id: "w1" address: "127.0.0.1:9001" weight: 5 admin_state: MAINT } } })"),
            R"(backends { id: "web" before { servers: 2 eligible_servers: 1 eligible_weight: 5 } )"
            R"(after { servers: 2 } ended_requests: 3 closed_connections: 4 })");
}

TEST_F(ImpactTest, HealthShiftsTraffic) {
  EXPECT_EQ(Of(R"(operations { set_health { backend: "web" server: "w2" status: UP } })"),
            R"(backends { id: "web" before { servers: 2 eligible_servers: 1 eligible_weight: 5 } )"
            R"(after { servers: 2 eligible_servers: 2 eligible_weight: 6 } moved_share: 0.16666666666666663 })");
}

TEST_F(ImpactTest, ListenersThatComeGoMoveAndChange) {
  const config::Listener& web = *test_.core.snapshot()->listeners[0];
  web.counters->open_connections = 7;
  EXPECT_EQ(Of(R"(operations { upsert_listener { id: "web" address: "127.0.0.2:0" http { route_table: "main" } } })"),
            R"(listeners { id: "web" change: MOVED drained_connections: 7 })");
  EXPECT_EQ(Of(R"(operations { upsert_listener { id: "web" address: "127.0.0.1:0"
                    http { route_table: "main" max_header_count: 9 } } })"),
            R"(listeners { id: "web" change: CHANGED })");
  EXPECT_EQ(Of(R"(operations { remove_listener: "web" }
                  operations { upsert_listener { id: "new" address: "127.0.0.2:0" http { route_table: "main" } } })"),
            R"(listeners { id: "web" change: REMOVED drained_connections: 7 } listeners { id: "new" change: ADDED })");
}

TEST_F(ImpactTest, BackendsThatComeAndGo) {
  EXPECT_EQ(Of(R"(operations { upsert_backend { id: "new" } }
                  operations { upsert_server { backend: "new" server { id: "n" address: "10.0.0.9:80" } } })"),
            R"(backends { id: "new" after { servers: 1 eligible_servers: 1 eligible_weight: 1 } })");
}

// The share of its keys that a dry run of these operations says would move, of ten servers by a hash.
double MovedKeysOf(std::string_view balancing, std::string_view operations) {
  TestCore test;
  std::string servers;
  for (int i = 0; i < 10; ++i) servers += base::StrCat("servers { id: \"s", i, "\" address: \"10.0.0.1:80\" } ");
  test.Do(SnapshotTransaction(
      base::StrCat("backends { id: \"web\" load_balancing { hash { path: true } ", balancing, " } ", servers, " }")));
  v1::Transaction transaction = ParseTransaction(operations);
  transaction.set_dry_run(true);
  const v1::FromProxy answer = test.Do(transaction);
  EXPECT_EQ(answer.applied().impact().backends_size(), 1) << answer.DebugString();
  return answer.applied().impact().backends(0).moved_share();
}

TEST(MovedKeys, OfAServerThatGoesAreItsOwnAlone) {
  constexpr std::string_view kGoes = R"(operations { remove_server { backend: "web" server: "s3" } })";
  EXPECT_NEAR(MovedKeysOf("policy: RING_HASH", kGoes), 0.1, 0.03);
  EXPECT_NEAR(MovedKeysOf("policy: MAGLEV", kGoes), 0.1, 0.02);
  constexpr std::string_view kDown = R"(operations { set_health { backend: "web" server: "s3" status: DOWN } })";
  EXPECT_NEAR(MovedKeysOf("policy: MAGLEV", kDown), 0.1, 0.005);
  EXPECT_EQ(MovedKeysOf("policy: RING_HASH", kDown), MovedKeysOf("policy: RING_HASH", kGoes))
      << "a ring's keys go the same way";
}

TEST(MovedKeys, AreNoneWhereNothingChangesForThem) {
  EXPECT_EQ(MovedKeysOf("policy: RING_HASH", R"(operations { upsert_server { backend: "web"
                server { id: "s3" address: "10.0.0.9:80" } } })"),
            0);
}

TEST(MovedKeys, AreAlmostAllWithAnotherTable) {
  EXPECT_NEAR(MovedKeysOf("policy: MAGLEV", R"(operations { upsert_backend { id: "web"
                load_balancing { policy: RING_HASH hash { path: true } } } })"),
              0.9, 0.02);
}

TEST(MovedKeys, AreNotCountedWhereTablesTakeTooLong) {
  config::BackendSettings settings;
  settings.policy = config::LoadBalancingPolicy::kHash;
  settings.hash_table = {.kind = config::HashTableSettings::Kind::kMaglev, .table_size = 5'000'011};
  config::Backend backend;
  backend.settings = std::make_shared<config::BackendSettings>(settings);
  MovedKeys keys;
  // One such table is within the budget; two are not.
  EXPECT_EQ(keys.ShareOf(backend, {}, backend, {}), std::nullopt);
}

TEST_F(ImpactTest, OnlyADryRunTells) {
  const v1::FromProxy answer =
      test_.Do(ParseTransaction(R"(operations { set_health { backend: "web" server: "w2" status: UP } })"));
  EXPECT_FALSE(answer.applied().has_impact());
}

}  // namespace
}  // namespace fairlead::control
