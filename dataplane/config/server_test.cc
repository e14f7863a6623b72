#include "dataplane/config/server.h"

#include "gtest/gtest.h"

namespace fairlead::config {
namespace {

Server With(AdminState admin_state, Health health) {
  Server server;
  server.weight = 7;
  server.admin_state = admin_state;
  server.health = health;
  return server;
}

TEST(Server, IsEligibleWhenItIsReadyAndItsHealthAllows) {
  EXPECT_TRUE(With(AdminState::kReady, Health::kUp).IsEligible(false));
  EXPECT_TRUE(With(AdminState::kReady, Health::kDegraded).IsEligible(false));
  EXPECT_FALSE(With(AdminState::kReady, Health::kDown).IsEligible(true));
}

TEST(Server, IsEligibleWithUnknownHealthOnlyWhereTheBackendSaysSo) {
  EXPECT_TRUE(With(AdminState::kReady, Health::kUnknown).IsEligible(true));
  EXPECT_FALSE(With(AdminState::kReady, Health::kUnknown).IsEligible(false));
}

TEST(Server, IsNotEligibleInDrainOrMaintHoweverHealthy) {
  EXPECT_FALSE(With(AdminState::kDrain, Health::kUp).IsEligible(true));
  EXPECT_FALSE(With(AdminState::kMaint, Health::kUp).IsEligible(true));
}

TEST(Server, HasNoEffectiveWeightWhileItIsNotEligible) {
  EXPECT_EQ(With(AdminState::kReady, Health::kUp).EffectiveWeight(true), 7u);
  EXPECT_EQ(With(AdminState::kDrain, Health::kUp).EffectiveWeight(true), 0u);
}

// malloc gives it a chunk of 112. Whoever adds a member puts it where 100,000 servers don't pay for it.
TEST(Server, Takes104Bytes) { EXPECT_LE(sizeof(Server), 104u); }

TEST(Server, HasNoLimitUnlessOneIsSet) {
  Server server;
  EXPECT_EQ(server.max_connections(), kNoLimit);
  EXPECT_EQ(server.max_requests(), kNoLimit);
  auto extras = base::MakeCounted<ServerExtras>();
  extras->labels = {{"rack", "7"}};
  server.extras = extras;
  server.SetLimits(3, 5);
  EXPECT_EQ(server.max_connections(), 3u);
  EXPECT_EQ(server.max_requests(), 5u);
  EXPECT_EQ(server.extras->labels.at("rack"), "7");
  EXPECT_EQ(extras->max_connections, kNoLimit) << "what others share has changed";
}

TEST(Server, CountsIn24Bytes) { EXPECT_LE(sizeof(metrics::ServerCounters), 24u); }

TEST(Server, NamesStatesAsTheApiDoes) {
  EXPECT_EQ(ToString(AdminState::kReady), "READY");
  EXPECT_EQ(ToString(AdminState::kDrain), "DRAIN");
  EXPECT_EQ(ToString(AdminState::kMaint), "MAINT");
  EXPECT_EQ(ToString(Health::kUnknown), "UNKNOWN");
  EXPECT_EQ(ToString(Health::kUp), "UP");
  EXPECT_EQ(ToString(Health::kDegraded), "DEGRADED");
  EXPECT_EQ(ToString(Health::kDown), "DOWN");
}

}  // namespace
}  // namespace fairlead::config
