#include "dataplane/control/preconditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/test_support.h"

namespace fairlead::control {
namespace {

using config::Health;
using testing::ElementsAre;
using testing::IsEmpty;

// Ten servers of the backend "web", and one of another.
class Preconditions : public testing::Test {
 protected:
  Preconditions() {
    std::string servers;
    for (int i = 0; i < 10; ++i) servers += base::StrCat(R"(servers { id: "w)", i, R"(" address: "10.0.0.1:80" } )");
    EXPECT_TRUE(test_
                    .Do(SnapshotTransaction(
                        base::StrCat(R"(backends { id: "web" )", servers,
                                     R"(} backends { id: "api" servers { id: "a" address: "10.0.0.2:80" } })")))
                    .has_applied());
  }

  std::vector<std::string> Try(std::string_view operations, std::string_view precondition) {
    return TestCore::ViolationsOf(
        test_.Do(ParseTransaction(base::StrCat(operations, " preconditions { ", precondition, " }"))));
  }
  static std::string Put(int server, std::string_view rest) {
    return base::StrCat(R"(operations { upsert_server { backend: "web" server { id: "w)", server,
                        R"(" address: "10.0.0.1:80" )", rest, " } } } ");
  }
  static std::string Remove(int server) {
    return base::StrCat(R"(operations { remove_server { backend: "web" server: "w)", server, R"(" } } )");
  }
  static std::string SetHealth(int server, std::string_view status) {
    return base::StrCat(R"(operations { set_health { backend: "web" server: "w)", server, R"(" status: )", status,
                        " } } ");
  }

  TestCore test_;
};

TEST_F(Preconditions, EnoughServersMustStayEligible) {
  const std::string down = SetHealth(0, "DOWN") + SetHealth(1, "DOWN");
  EXPECT_THAT(Try(down, "min_eligible_share: 0.81"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].min_eligible_share: backend \"web\": 8 of 10 servers "
                          "would be eligible (0.8), below 0.81; now 10 of 10 are"));
  EXPECT_EQ(test_.core.revision(), 1u);
  EXPECT_THAT(Try(down, "min_eligible_share: 0.8"), IsEmpty());
}

TEST_F(Preconditions, WeightAdminStateAndRemovalCountAsWell) {
  const std::string operations =
      Put(0, "weight: 0") + Put(1, "admin_state: DRAIN") + Put(2, "admin_state: MAINT") + Remove(3) + Remove(4);
  EXPECT_THAT(Try(operations, "min_eligible_share: 0.51"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].min_eligible_share: backend \"web\": 5 of 10 servers "
                          "would be eligible (0.5), below 0.51; now 10 of 10 are"));
  EXPECT_THAT(Try(operations, "min_eligible_share: 0.5"), IsEmpty());
}

TEST_F(Preconditions, ReplacedServersCountFully) {
  std::string operations;
  for (int i = 0; i < 10; ++i) operations += Remove(i) + Put(10 + i, "");
  EXPECT_THAT(Try(operations, "min_eligible_share: 1"), IsEmpty());
}

TEST_F(Preconditions, WhatReportersSaidIsKnown) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(test_.Report("web", base::StrCat("w", i), Health::kDown).ok());
  test_.Advance(10);
  EXPECT_THAT(Try(Put(9, "weight: 2"), "min_eligible_share: 0.6"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].min_eligible_share: backend \"web\": 5 of 10 servers "
                          "would be eligible (0.5), below 0.6; now 5 of 10 are"));
  // The controller's word comes last, and decides; taken back, the reporters' does.
  EXPECT_THAT(Try(SetHealth(0, "UP"), "min_eligible_share: 0.6"), IsEmpty());
  EXPECT_THAT(Try(SetHealth(0, "UNKNOWN"), "min_eligible_share: 0.6"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].min_eligible_share: backend \"web\": 5 of 10 servers "
                          "would be eligible (0.5), below 0.6; now 6 of 10 are"));
}

TEST_F(Preconditions, OnlyBackendsThatAreTouchedCount) {
  ASSERT_TRUE(test_.Do(ParseTransaction(SetHealth(0, "DOWN"))).has_applied());
  EXPECT_THAT(Try(R"(operations { upsert_backend { id: "api" timeouts { connect { seconds: 1 } } } })",
                  "min_eligible_share: 1"),
              IsEmpty());
  // Its settings decide over its servers.
  EXPECT_THAT(
      Try(R"(operations { upsert_backend { id: "api" health { unknown_is_eligible: false } } })",
          "min_eligible_share: 1"),
      ElementsAre("PRECONDITION_FAILED preconditions[0].min_eligible_share: backend \"api\": 0 of 1 servers would be "
                  "eligible (0), below 1; now 1 of 1 are"));
  EXPECT_THAT(Try(R"(operations { remove_backend: "api" } operations { upsert_backend { id: "new" } })",
                  "min_eligible_share: 1"),
              IsEmpty());
}

TEST_F(Preconditions, NotTooManyServersMayGo) {
  EXPECT_THAT(Try(Remove(0) + Remove(1) + R"(operations { remove_backend: "api" })", "max_servers_removed: 2"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].max_servers_removed: 3 servers would be removed, more "
                          "than 2"));
  EXPECT_THAT(Try(Remove(0), "max_servers_removed: 0"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].max_servers_removed: 1 servers would be removed, more "
                          "than 0"));
  EXPECT_THAT(Try(Remove(0) + Put(11, ""), "max_servers_removed: 1"), IsEmpty());
  EXPECT_THAT(Try("snapshot {}", "max_servers_removed: 10"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].max_servers_removed: 11 servers would be removed, more "
                          "than 10"));
}

TEST_F(Preconditions, AResourceMustBeAsItWasBelievedToBe) {
  const std::string operation = Put(0, "weight: 3");
  EXPECT_THAT(
      Try(operation, R"(resource { kind: "server" id: "web/w9" })"),
      ElementsAre(testing::StartsWith("PRECONDITION_FAILED preconditions[0].resource: server \"web/w9\" exists: ")));
  EXPECT_THAT(Try(operation, R"(resource { kind: "backend" id: "none" fingerprint: "0123" })"),
              ElementsAre("PRECONDITION_FAILED preconditions[0].resource: there is no backend \"none\""));
  EXPECT_THAT(
      Try(operation, R"(resource { kind: "sock" id: "x" })"),
      ElementsAre("INVALID_ARGUMENT preconditions[0].resource.kind: unknown: \"sock\"; known are listener, "
                  "route_table, backend, server, certificate, trust_bundle, ticket_keys, health, reporter, scope"));
  EXPECT_THAT(Try(operation, R"(resource { kind: "health" id: "web/w9" })"), IsEmpty());
  const std::string is = TestCore::ViolationsOf(test_.Do(ParseTransaction(
      base::StrCat(operation, R"( preconditions { resource { kind: "backend" id: "api" fingerprint: "00" } })"))))[0];
  const std::string digest = is.substr(is.size() - 32);
  EXPECT_THAT(Try(Put(0, "weight: 4"),
                  base::StrCat(R"(resource { kind: "backend" id: "api" fingerprint: ")", digest, R"(" })")),
              IsEmpty());
}

TEST_F(Preconditions, EveryOneThatFailsIsNamed) {
  v1::Transaction transaction = ParseTransaction(Remove(0) + R"(
    preconditions { min_eligible_share: 1 } preconditions { max_servers_removed: 0 } preconditions {}
    preconditions { min_eligible_share: 1.5 })");
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(transaction)),
              ElementsAre("PRECONDITION_FAILED preconditions[0].min_eligible_share: backend \"web\": 9 of 10 servers "
                          "would be eligible (0.9), below 1; now 10 of 10 are",
                          "PRECONDITION_FAILED preconditions[1].max_servers_removed: 1 servers would be removed, more "
                          "than 0",
                          "INVALID_ARGUMENT preconditions[2]: empty, or one that this version does not know",
                          "INVALID_ARGUMENT preconditions[3].min_eligible_share: not 0 to 1: 1.5"));
}

}  // namespace
}  // namespace fairlead::control
