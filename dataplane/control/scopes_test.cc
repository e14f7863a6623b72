// Who may change what, through the control core.
#include "dataplane/control/scopes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/test_support.h"
#include "dataplane/identity/peer.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Two teams, each with all of its own, and the platform's trust bundle and certificate.
constexpr std::string_view kTwoTeams = R"(
  listeners { id: "a-web" address: "127.0.0.1:0" http { route_table: "a-main" } }
  route_tables { id: "a-main" virtual_hosts { id: "all" domains: "*" rules { id: "r" backends { backend: "a-web" } } } }
  route_tables { id: "b-main" virtual_hosts { id: "all" domains: "*" rules { id: "r" backends { backend: "b-web" } } } }
  backends { id: "a-web" servers { id: "w1" address: "127.0.0.1:9001" weight: 5 labels { key: "x" value: "1" }
                                   labels { key: "y" value: "2" } } }
  backends { id: "b-web" servers { id: "w1" address: "127.0.0.1:9002" } }
  scopes { id: "platform" identities { unix_uid: 1 } permissions {} }
  scopes { id: "team-a" identities { unix_uid: 10 } permissions { id_prefix: "a-" } }
  scopes { id: "team-b" identities { unix_uid: 11 } permissions { id_prefix: "b-" } permissions { kind: USE id_prefix: "a-web" } }
  scopes { id: "health" identities { unix_uid: 12 } permissions { kind: HEALTH } }
  scopes { id: "weights" identities { unix_uid: 13 } permissions { kind: WEIGHTS id_prefix: "a-" } }
  scopes { id: "rest" everyone_else: true }
)";

constexpr uint32_t kPlatform = 1, kTeamA = 10, kTeamB = 11, kHealth = 12, kWeights = 13, kNobody = 99;

class ScopesTest : public testing::Test {
 protected:
  ScopesTest() {
    EXPECT_TRUE(Do(kNobody, SnapshotTransaction(kTwoTeams)).has_applied()) << "as long as there are none";
  }

  static identity::Peer User(uint32_t uid) { return {.source = "unix", .unix_uid = uid}; }
  v1::FromProxy Do(uint32_t uid, v1::Transaction transaction) {
    if (transaction.id().empty()) transaction.set_id(base::StrCat("t", ++last_id_));
    v1::FromProxy answer;
    test_.core.SubmitTransaction(
        std::move(transaction), [&](std::shared_ptr<const v1::FromProxy> message) { answer = *message; }, User(uid));
    return answer;
  }
  std::vector<std::string> Try(uint32_t uid, std::string_view transaction) {
    const v1::FromProxy answer = Do(uid, ParseTransaction(transaction));
    EXPECT_TRUE(answer.has_applied() || answer.has_rejected());
    return TestCore::ViolationsOf(answer);
  }

  TestCore test_;
  int last_id_ = 0;
};

constexpr char kServerOfA[] = R"(operations { upsert_server { backend: "a-web" server {
    id: "w1" address: "127.0.0.1:9001" weight: 7 labels { key: "y" value: "2" } labels { key: "x" value: "1" } } } })";

TEST_F(ScopesTest, EachTeamChangesItsOwn) {
  EXPECT_THAT(Try(kTeamA, kServerOfA), IsEmpty());
  EXPECT_THAT(Try(kTeamA, R"(operations { upsert_backend { id: "a-new" } }
      operations { upsert_server { backend: "a-new" server { id: "w" address: "127.0.0.1:1" } } }
      operations { set_health { backend: "a-web" server: "w1" status: DOWN } })"),
              IsEmpty());
}

TEST_F(ScopesTest, WhatItMayNotTouchIsRefusedByPathAllOfIt) {
  EXPECT_THAT(Try(kTeamB, R"(operations { upsert_backend { id: "a-web" } } operations { remove_listener: "a-web" }
      operations { upsert_route_table { id: "c" } }
      operations { upsert_certificate { id: "c" } } operations { upsert_trust_bundle { id: "c" } }
      operations { upsert_ticket_keys { id: "c" } }
      operations { upsert_server { backend: "a-web" server { id: "mine" address: "127.0.0.1:1" } } }
      operations { remove_server { backend: "a-web" server: "w1" } }
      operations { set_health { backend: "a-web" server: "w1" status: DOWN } }
      operations { upsert_backend { id: "b-fine" } }
      operations { upsert_reporter { id: "b-x" } } operations { remove_scope: "platform" })"),
              ElementsAre(HasSubstr("PERMISSION_DENIED listeners[\"a-web\"]: no scope of yours lets you change it"),
                          HasSubstr("PERMISSION_DENIED route_tables[\"c\"]: "),
                          HasSubstr("PERMISSION_DENIED backends[\"a-web\"]: "),
                          HasSubstr("PERMISSION_DENIED certificates[\"c\"]: "),
                          HasSubstr("PERMISSION_DENIED trust_bundles[\"c\"]: "),
                          HasSubstr("PERMISSION_DENIED ticket_keys[\"c\"]: "),
                          HasSubstr("PERMISSION_DENIED backends[\"a-web\"].servers[\"mine\"]: "),
                          HasSubstr("PERMISSION_DENIED backends[\"a-web\"].servers[\"w1\"]: "),
                          HasSubstr("PERMISSION_DENIED health[\"a-web/w1\"]: "),
                          HasSubstr("PERMISSION_DENIED reporters[\"b-x\"]: reporters take the right to everything"),
                          HasSubstr("PERMISSION_DENIED scopes[\"platform\"]: scopes take the right to everything")));
  EXPECT_EQ(test_.core.revision(), 1u);
}

TEST_F(ScopesTest, ReferringTakesARightUnlessItWasSoBefore) {
  constexpr char kRoute[] = R"(operations { upsert_route_table { id: "%" virtual_hosts {
      id: "all" domains: "*" rules { id: "r" backends { backend: "a-web" } } rules { id: "s" backends { backend: "b-web" } } } } })";
  const auto route = [&](std::string_view id) {
    return std::string(kRoute).replace(std::string(kRoute).find('%'), 1, id);
  };
  EXPECT_THAT(Try(kTeamA, route("a-main")),
              ElementsAre("PERMISSION_DENIED route_tables[\"a-main\"]: refers to backend \"b-web\", which no scope of "
                          "yours lets you use"));
  EXPECT_THAT(Try(kTeamB, route("b-main")), IsEmpty()) << "it may use a-web";
  EXPECT_THAT(
      Try(kTeamB,
          R"(operations { upsert_listener { id: "b-l" address: "127.0.0.1:0" http { route_table: "a-main" } } })"),
      ElementsAre("PERMISSION_DENIED listeners[\"b-l\"]: refers to route table \"a-main\", which no scope of "
                  "yours lets you use"));
  EXPECT_THAT(
      Try(kTeamB, R"(operations { upsert_listener { id: "b-l" address: "127.0.0.1:0" tcp { backend: "a-other" } } }
                             operations { upsert_backend { id: "b-x" } })"),
      ElementsAre(HasSubstr("NOT_FOUND")));
  // What the platform has set up once, goes on.
  EXPECT_THAT(Try(kPlatform, route("a-main")), IsEmpty());
  v1::Transaction again = ParseTransaction(route("a-main"));
  again.mutable_operations(0)->mutable_upsert_route_table()->mutable_virtual_hosts(0)->mutable_rules(0)->set_id(
      "other");
  EXPECT_TRUE(Do(kTeamA, again).has_applied());
}

TEST_F(ScopesTest, HealthAlone) {
  EXPECT_THAT(Try(kHealth, R"(operations { set_health { backend: "b-web" server: "w1" status: DOWN } })"), IsEmpty());
  EXPECT_THAT(Try(kHealth, kServerOfA),
              ElementsAre(HasSubstr("PERMISSION_DENIED backends[\"a-web\"].servers[\"w1\"]: ")));
}

TEST_F(ScopesTest, WeightsAlone) {
  EXPECT_THAT(Try(kWeights, kServerOfA), IsEmpty()) << "labels are in no order";
  v1::Transaction drain = ParseTransaction(kServerOfA);
  v1::Server& server = *drain.mutable_operations(0)->mutable_upsert_server()->mutable_server();
  server.set_admin_state(v1::Server::DRAIN);
  server.clear_weight();
  EXPECT_TRUE(Do(kWeights, drain).has_applied());

  v1::Transaction address = drain;
  address.mutable_operations(0)->mutable_upsert_server()->mutable_server()->set_address("127.0.0.1:6666");
  const std::string more =
      "PERMISSION_DENIED backends[\"a-web\"].servers[\"w1\"]: no scope of yours lets you change more than its weight "
      "and "
      "admin_state";
  EXPECT_THAT(TestCore::ViolationsOf(Do(kWeights, address)), ElementsAre(more));
  v1::Transaction unknown_field = drain;
  v1::Server& of_later = *unknown_field.mutable_operations(0)->mutable_upsert_server()->mutable_server();
  of_later.GetReflection()->MutableUnknownFields(&of_later)->AddVarint(1000, 1);
  EXPECT_THAT(TestCore::ViolationsOf(Do(kWeights, unknown_field)), ElementsAre(more));
  v1::Transaction added = drain;
  added.mutable_operations(0)->mutable_upsert_server()->mutable_server()->set_id("w2");
  EXPECT_TRUE(Do(kWeights, added).has_rejected());
  EXPECT_TRUE(Do(kWeights, ParseTransaction(R"(operations { remove_server { backend: "a-web" server: "w1" } })"))
                  .has_rejected());
  EXPECT_TRUE(Do(kWeights, ParseTransaction(R"(operations { upsert_server { backend: "b-web" server {
      id: "w1" address: "127.0.0.1:9002" weight: 3 } } })"))
                  .has_rejected());
  EXPECT_TRUE(
      Do(kWeights, ParseTransaction(R"(operations { set_health { backend: "a-web" server: "w1" status: UP } })"))
          .has_rejected());
}

TEST_F(ScopesTest, WhatConcernsEverybodyTakesTheRightToEverything) {
  const std::string why = " takes the right to everything";
  EXPECT_THAT(TestCore::ViolationsOf(Do(kTeamA, SnapshotTransaction(""))),
              ElementsAre(HasSubstr("PERMISSION_DENIED snapshot: snapshots take the right to everything")));
  v1::Transaction transaction = ParseTransaction(kServerOfA);
  transaction.mutable_confirm_within()->set_seconds(60);
  transaction.set_leader_epoch(UINT64_MAX);
  EXPECT_THAT(TestCore::ViolationsOf(Do(kTeamA, transaction)),
              ElementsAre(HasSubstr("PERMISSION_DENIED confirm_within: takes"),
                          HasSubstr("PERMISSION_DENIED leader_epoch: takes")));
  EXPECT_EQ(test_.core.leader_epoch(), 0u) << "else no leader could write any more";
  v1::Transaction back;
  back.set_rollback_to(0);
  EXPECT_THAT(TestCore::ViolationsOf(Do(kTeamA, back)), ElementsAre(HasSubstr("PERMISSION_DENIED rollback_to: takes")));

  v1::FromProxy answer;
  const auto into = [&](std::shared_ptr<const v1::FromProxy> message) { answer = *message; };
  v1::Prepare prepare;
  *prepare.mutable_transaction() = ParseTransaction(kServerOfA);
  prepare.mutable_transaction()->set_id("held");
  test_.core.Prepare(prepare, into, User(kTeamA));
  EXPECT_THAT(TestCore::ViolationsOf(answer), ElementsAre(HasSubstr("PERMISSION_DENIED prepare: takes")));
  test_.core.Prepare(prepare, into, User(kPlatform));
  ASSERT_TRUE(answer.has_prepared()) << "the refusal has not used up the id";
  v1::Commit commit;
  commit.set_transaction_id("held");
  test_.core.Commit(commit, into, User(kTeamA));
  EXPECT_THAT(TestCore::ViolationsOf(answer), ElementsAre(HasSubstr("PERMISSION_DENIED transaction_id: takes")));
  v1::Abort abort;
  abort.set_transaction_id("held");
  test_.core.Abort(abort, into, User(kTeamA));
  EXPECT_THAT(TestCore::ViolationsOf(answer), ElementsAre(HasSubstr("PERMISSION_DENIED transaction_id: takes")));
  EXPECT_TRUE(test_.core.FindPrepared().has_value());
  test_.core.Commit(commit, into, User(kPlatform));
  EXPECT_TRUE(answer.has_applied());

  v1::Transaction trial = ParseTransaction(R"(operations { upsert_backend { id: "x" } })");
  trial.set_id("trial");
  trial.mutable_confirm_within()->set_seconds(60);
  EXPECT_TRUE(Do(kPlatform, trial).has_applied());
  test_.core.Confirm("trial", User(kTeamA), into);
  EXPECT_THAT(answer.confirmed().error(), HasSubstr("permission denied"));
  EXPECT_TRUE(test_.core.FindUnconfirmed().has_value());
}

TEST_F(ScopesTest, WhoeverNoScopeNamesMayDoWhatEveryoneElseMay) {
  EXPECT_THAT(Try(kNobody, kServerOfA), ElementsAre(HasSubstr("PERMISSION_DENIED")));
  EXPECT_THAT(Try(kPlatform, R"(operations { remove_scope: "rest" })"), IsEmpty());
  EXPECT_THAT(Try(kNobody, kServerOfA), IsEmpty()) << "everything, without such a scope";
}

TEST_F(ScopesTest, NobodyCanLockEverybodyOut) {
  const std::string refused =
      "INVALID_ARGUMENT scopes: nobody could change them any more: one with a permission of kind ALL and no id_prefix "
      "must stay";
  EXPECT_THAT(Try(kPlatform, R"(operations { remove_scope: "platform" })"), ElementsAre(refused));
  EXPECT_THAT(
      Try(kPlatform,
          R"(operations { upsert_scope { id: "platform" identities { unix_uid: 1 } permissions { id_prefix: "p" } } })"),
      ElementsAre(refused));
  EXPECT_THAT(Try(kPlatform, R"(operations { remove_scope: "platform" } operations { remove_scope: "rest" })"),
              IsEmpty());
}

TEST_F(ScopesTest, TheRightsAreThoseOfTheMoment) {
  EXPECT_THAT(Try(kPlatform, R"(operations { remove_scope: "team-a" })"), IsEmpty());
  EXPECT_THAT(Try(kTeamA, kServerOfA), ElementsAre(HasSubstr("PERMISSION_DENIED")));
  v1::Transaction again = ParseTransaction(kServerOfA);
  again.set_id("again");
  EXPECT_TRUE(Do(kTeamA, again).has_rejected());
  EXPECT_THAT(
      Try(kPlatform,
          R"(operations { upsert_scope { id: "team-a" identities { unix_uid: 10 } permissions { id_prefix: "a-" } } })"),
      IsEmpty());
  EXPECT_TRUE(Do(kTeamA, again).has_applied()) << "the same id: the refusal is not remembered";
}

TEST_F(ScopesTest, SeveralScopesAddUp) {
  EXPECT_THAT(
      Try(kPlatform,
          R"(operations { upsert_scope { id: "more" identities { unix_uid: 12 } permissions { id_prefix: "b-" } } })"),
      IsEmpty());
  EXPECT_THAT(Try(kHealth, R"(operations { set_health { backend: "a-web" server: "w1" status: DOWN } }
                              operations { upsert_backend { id: "b-web" } })"),
              IsEmpty());
}

}  // namespace
}  // namespace fairlead::control
