#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kState = R"(
backends:
  - id: web
    servers: [{id: w1, address: "10.0.0.1:80", weight: 5, labels: {a: b}}, {id: w2, address: "10.0.0.2:80"}]
  - {id: api, servers: [{id: w1, address: "10.0.1.1:80"}]}
)";

class ServerCommand : public ::testing::Test {
 protected:
  ServerCommand() { proxy_.SetState(StateForTest(kState)); }

  Outcome Run(std::vector<std::string> words) {
    words.insert(words.begin(), "server");
    return RunForTest(proxy_, words);
  }
  v1::Server Server(int backend, int server) const { return proxy_.state().backends(backend).servers(server); }

  FakeProxy proxy_;
};

TEST_F(ServerCommand, WeightChangesTheWeightAndNothingElse) {
  const Outcome outcome = Run({"weight", "web/w1", "50"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "applied revision 2: 0 added, 1 changed, 0 removed, in 1.5 ms\n");
  EXPECT_EQ(Server(0, 0).weight(), 50u);
  EXPECT_EQ(Server(0, 0).address(), "10.0.0.1:80");
  EXPECT_EQ(Server(0, 0).labels().at("a"), "b");
  const std::vector<v1::Transaction> transactions = proxy_.transactions();
  ASSERT_EQ(transactions.size(), 1u);
  EXPECT_EQ(transactions[0].operations_size(), 1);
  EXPECT_EQ(transactions[0].base_revision(), 1u);
}

TEST_F(ServerCommand, WeightZeroIsSaidExplicitly) {
  EXPECT_EQ(Run({"weight", "web/w2", "0"}).code, ExitCode::kDone);
  EXPECT_TRUE(Server(0, 1).has_weight());
}

TEST_F(ServerCommand, DrainReadyAndMaintSetTheAdminState) {
  EXPECT_EQ(Run({"drain", "web/w1"}).code, ExitCode::kDone);
  EXPECT_EQ(Server(0, 0).admin_state(), v1::Server::DRAIN);
  EXPECT_EQ(Run({"maint", "web/w1"}).code, ExitCode::kDone);
  EXPECT_EQ(Server(0, 0).admin_state(), v1::Server::MAINT);
  EXPECT_EQ(Run({"ready", "web/w1"}).code, ExitCode::kDone);
  EXPECT_EQ(Server(0, 0).admin_state(), v1::Server::READY);
}

TEST_F(ServerCommand, SeveralServersChangeInOneTransaction) {
  const Outcome outcome = Run({"drain", "web/w1", "api/w1"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(proxy_.transactions().size(), 1u);
  EXPECT_EQ(Server(0, 0).admin_state(), v1::Server::DRAIN);
  EXPECT_EQ(Server(1, 0).admin_state(), v1::Server::DRAIN);
}

TEST_F(ServerCommand, AddAddsWithWeightAndLabels) {
  const Outcome outcome = Run({"add", "web/w3", "10.0.0.3:80", "--weight=7", "--label=rack=12", "--label", "x="});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  const v1::Server server = Server(0, 2);
  EXPECT_EQ(server.id(), "w3");
  EXPECT_EQ(server.address(), "10.0.0.3:80");
  EXPECT_EQ(server.weight(), 7u);
  EXPECT_EQ(server.labels().at("rack"), "12");
  EXPECT_EQ(server.labels().at("x"), "");
}

TEST_F(ServerCommand, RemoveRemoves) {
  EXPECT_EQ(Run({"remove", "web/w1", "web/w2"}).code, ExitCode::kDone);
  EXPECT_EQ(proxy_.state().backends(0).servers_size(), 0);
}

TEST_F(ServerCommand, ADryRunChangesNothing) {
  const Outcome outcome = Run({"drain", "web/w1", "--dry_run"});
  EXPECT_EQ(outcome.out, "would make revision 2: 0 added, 1 changed, 0 removed\n");
  EXPECT_EQ(Server(0, 0).admin_state(), v1::Server::READY);
}

TEST_F(ServerCommand, WhatIsNotThereEndsWithOneAndSendsNothing) {
  EXPECT_EQ(Run({"drain", "web/w9"}).err, "no server \"web/w9\"\n");
  EXPECT_EQ(Run({"remove", "web/w9"}).err, "no server \"web/w9\"\n");
  EXPECT_EQ(Run({"weight", "nothing/w1", "5"}).err, "no backend \"nothing\"\n");
  EXPECT_EQ(Run({"add", "nothing/w1", "10.0.0.1:80"}).code, ExitCode::kRejected);
  EXPECT_TRUE(proxy_.transactions().empty());
}

TEST_F(ServerCommand, AddDoesNotReplace) {
  const Outcome outcome = Run({"add", "web/w1", "10.0.0.9:80"});
  EXPECT_EQ(outcome.code, ExitCode::kRejected);
  EXPECT_EQ(outcome.err, "server \"web/w1\" exists already, at 10.0.0.1:80\n");
}

TEST_F(ServerCommand, RefusesBadNamesWeightsAndLabels) {
  for (const char* name : {"web", "web/", "/w1", "web/w1/x", ""}) {
    const Outcome outcome = Run({"drain", name});
    EXPECT_EQ(outcome.code, ExitCode::kUsage);
    EXPECT_EQ(outcome.err, "expected BACKEND/SERVER, not \"" + std::string(name) + "\"\n");
  }
  EXPECT_EQ(Run({"weight", "web/w1", "much"}).err, "a weight is a whole number, not \"much\"\n");
  EXPECT_EQ(Run({"weight", "web/w1", "4294967296"}).code, ExitCode::kUsage);
  EXPECT_EQ(Run({"add", "web/w3", "a:1", "--label=x"}).err, "a label is KEY=VALUE, not \"x\"\n");
}

TEST(ServerCommandRace, IsMadeAnewWhenSomebodyElseCameFirst) {
  FakeProxy proxy({.others_come_first = 2});
  proxy.SetState(StateForTest(kState));
  const Outcome outcome = RunForTest(proxy, {"server", "weight", "web/w1", "50"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  const std::vector<v1::Transaction> transactions = proxy.transactions();
  ASSERT_EQ(transactions.size(), 3u);
  EXPECT_EQ(transactions[0].base_revision(), 1u);
  EXPECT_EQ(transactions[2].base_revision(), 3u);
  EXPECT_NE(transactions[0].id(), transactions[1].id());
}

TEST(ServerCommandRace, IsGivenUpAfterFiveTimes) {
  FakeProxy proxy({.others_come_first = 100});
  proxy.SetState(StateForTest(kState));
  const Outcome outcome = RunForTest(proxy, {"server", "weight", "web/w1", "50"});
  EXPECT_EQ(outcome.code, ExitCode::kRejected);
  EXPECT_EQ(proxy.transactions().size(), 5u);
  EXPECT_EQ(outcome.err, "base_revision: is 5, but 6 is served\nrejected; still serving revision 6\n");
}

}  // namespace
}  // namespace fairlead::ctl
