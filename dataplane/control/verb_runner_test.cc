// HAProxy's verbs, through the control core.
#include "dataplane/control/verb_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/find_server.h"
#include "dataplane/control/test_support.h"

namespace fairlead::control {
namespace {

using config::AdminState;
using config::Health;
using testing::HasSubstr;
using testing::StartsWith;

class VerbRunnerTest : public testing::Test {
 protected:
  explicit VerbRunnerTest(FakeWorkers::Adopt adopt = FakeWorkers::Adopt::kAtOnce) : test_(adopt) {}
  void Use(std::string_view snapshot) { EXPECT_TRUE(test_.Do(SnapshotTransaction(snapshot)).has_applied()); }
  void Apply(std::string_view transaction) { EXPECT_TRUE(test_.Do(ParseTransaction(transaction)).has_applied()); }

  // The answer that comes at once; "later" if none does.
  std::string Say(std::string_view line, uint32_t uid = 1000) {
    std::string answer = "later";
    runner_.CarryOut(health::TakeVerb(&line), {.source = "unix", .unix_uid = uid},
                     [&answer](std::string text) { answer = std::move(text); });
    return answer;
  }
  const config::Server& server(std::string_view id = "w1") { return *FindServer(test_.core.store(), "web", id); }
  v1::HistoryEntry last() { return test_.core.ReportHistory(1).entries(0); }

  TestCore test_;
  VerbRunner runner_{&test_.core};
};

class VerbRunnerWithSlowWorkers : public VerbRunnerTest {
 protected:
  VerbRunnerWithSlowWorkers() : VerbRunnerTest(FakeWorkers::Adopt::kWhenTold) {
    test_.Submit(SnapshotTransaction(kSmallState));
    test_.workers.AdoptNow();
  }
};

TEST_F(VerbRunnerTest, SetsAdminStatesAndLeavesTheRestAsItIs) {
  Use(kSmallState);
  EXPECT_EQ(Say("set server web/w2 state drain"), "");
  EXPECT_EQ(server("w2").admin_state, AdminState::kDrain);
  EXPECT_EQ(server("w2").extras->labels.at("rack"), "7");
  EXPECT_EQ(Say("set server web/w2 state maint"), "");
  EXPECT_EQ(server("w2").admin_state, AdminState::kMaint);
  EXPECT_EQ(Say("enable server web/w2"), "");
  EXPECT_EQ(server("w2").admin_state, AdminState::kReady);
}

TEST_F(VerbRunnerTest, IsARevisionThatTellsWhoSaidWhat) {
  Use(kSmallState);
  EXPECT_EQ(Say("set server  web/w1 state drain"), "");
  EXPECT_EQ(last().revision(), 2);
  EXPECT_EQ(last().author(), "unix user 1000");
  EXPECT_EQ(last().source(), "unix");
  EXPECT_EQ(last().comment(), "set server  web/w1 state drain");
  EXPECT_THAT(last().transaction_id(), StartsWith("verb-"));
  EXPECT_EQ(Say("set server web/w1 state drain"), "");
  EXPECT_EQ(last().revision(), 2) << "it is so already";
}

TEST_F(VerbRunnerTest, HealthIsTheControllersWord) {
  Use(kSmallState);
  ASSERT_TRUE(test_.Report("web", "w1", Health::kUp).ok());
  EXPECT_EQ(Say("set server web/w1 health down"), "");
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
  EXPECT_THAT(test_.core.health().Find("web", "w1")->reason, StartsWith("set server web/w1 health down (verb-"));
  // Reports that come later win, as HAProxy's checks do.
  ASSERT_TRUE(test_.Report("web", "w1", Health::kUp).ok());
  EXPECT_EQ(test_.core.health().HealthOf("web", "w1"), Health::kUp);
  // Said again, it holds again.
  EXPECT_EQ(Say("set server web/w1 health down"), "");
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
  EXPECT_EQ(Say("set server web/w1 health stopping"), "");
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
  EXPECT_EQ(Say("set server web/w1 health up"), "");
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kUp);
}

TEST_F(VerbRunnerTest, TheNextSnapshotReplacesWhatVerbsHaveSet) {
  Use(kSmallState);
  EXPECT_EQ(Say("set server web/w1 state maint"), "");
  EXPECT_EQ(Say("set server web/w1 health down"), "");
  EXPECT_EQ(Say("set weight web/w1 0"), "");
  Use(kSmallState);
  EXPECT_EQ(server().admin_state, AdminState::kReady);
  EXPECT_EQ(server().health, Health::kUnknown);
  EXPECT_EQ(server().weight, 5);
  EXPECT_EQ(Say("get weight web/w1"), "5 (initial 5)");
}

TEST_F(VerbRunnerTest, PercentsAreOfTheWeightThatSomebodyElseSetLast) {
  Use(kSmallState);
  EXPECT_EQ(Say("set weight web/w1 0%"), "");
  EXPECT_EQ(Say("get weight web/w1"), "0 (initial 5)");
  EXPECT_EQ(Say("set server web/w1 state drain"), "") << "which is no other weight";
  EXPECT_EQ(Say("set weight web/w1 50%"), "");
  EXPECT_EQ(Say("get weight web/w1"), "2 (initial 5)") << "rounded down, as HAProxy does";
  EXPECT_EQ(Say("set server web/w1 weight 300%"), "");
  EXPECT_EQ(server().weight, 15);
  EXPECT_EQ(Say("set weight web/w1 100%"), "");
  EXPECT_EQ(server().weight, 5);
  Apply(R"(operations { upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: 40 } } })");
  EXPECT_EQ(Say("set weight web/w1 25%"), "");
  EXPECT_EQ(Say("get weight web/w1"), "10 (initial 40)");
  // A server without a weight has 1.
  EXPECT_EQ(Say("set weight web/w2 200%"), "");
  EXPECT_EQ(Say("get weight web/w2"), "2 (initial 1)");
}

TEST_F(VerbRunnerTest, APercentageOfNothingIsRefused) {
  Use(kSmallState);
  Apply(R"(operations { upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: 0 } } })");
  EXPECT_EQ(Say("set weight web/w1 100%"),
            "The initial weight of web/w1 is 0, of which no percentage is more: give a number.");
  EXPECT_EQ(Say("set weight web/w1 0%"), "");
  EXPECT_EQ(Say("set weight web/w1 7"), "");
  EXPECT_EQ(Say("get weight web/w1"), "7 (initial 0)");
}

TEST_F(VerbRunnerTest, AServerThatComesBackHasTheWeightItComesWith) {
  Use(kSmallState);
  EXPECT_EQ(Say("set weight web/w1 0"), "");
  Apply(R"(operations { remove_server { backend: "web" server: "w1" } })");
  Apply(R"(operations { upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: 0 } } })");
  EXPECT_EQ(Say("get weight web/w1"), "0 (initial 0)");
}

TEST_F(VerbRunnerTest, SaysWhatIsWrongWithHAProxysWordsAndOtherwiseByPath) {
  Use(kSmallState);
  EXPECT_EQ(Say("set server wbe/w1 state drain"), "No such backend.");
  EXPECT_EQ(Say("set weight web/w9 5"), "No such server.");
  EXPECT_EQ(Say("get weight web/w9"), "No such server.");
  EXPECT_THAT(Say("set weight web/w1 10000000%"), StartsWith("backends[\"web\"].servers[\"w1\"].weight: "));
  EXPECT_EQ(last().revision(), 1);
}

constexpr std::string_view kScopes = R"(
  operations { upsert_scope { id: "all" identities { unix_uid: 0 } permissions {} } }
  operations { upsert_scope { id: "weights" identities { unix_uid: 1 } permissions { kind: WEIGHTS id_prefix: "web" } } }
  operations { upsert_scope { id: "health" identities { unix_uid: 2 } permissions { kind: HEALTH } } }
  operations { upsert_scope { id: "rest" everyone_else: true } }
)";

TEST_F(VerbRunnerTest, ScopesHold) {
  Use(kSmallState);
  Apply(kScopes);
  EXPECT_EQ(Say("set server web/w1 state drain", 1), "");
  EXPECT_EQ(Say("set weight web/w1 50%", 1), "");
  EXPECT_EQ(Say("set server web/w1 health down", 2), "");
  EXPECT_EQ(Say("set server web/w1 health up", 0), "");
  EXPECT_THAT(Say("set server web/w1 health down", 1),
              StartsWith("Permission denied: health[\"web/w1\"]: no scope of yours lets you change its health"));
  EXPECT_THAT(Say("set server api/a1 state drain", 1),
              StartsWith("Permission denied: backends[\"api\"].servers[\"a1\"]: no scope of yours"));
  EXPECT_THAT(Say("set weight web/w1 5", 2), StartsWith("Permission denied: backends[\"web\"].servers[\"w1\"]: "));
  EXPECT_THAT(Say("set weight web/w1 5", 99), StartsWith("Permission denied: "));
  EXPECT_EQ(Say("get weight web/w1", 99), "2 (initial 5)");
}

TEST_F(VerbRunnerTest, WhereReportersAreNamedOnlyScopesLetSomebodyChangeAnything) {
  Use(kSmallState);
  Apply(R"(operations { upsert_reporter { id: "probe" identities { unix_uid: 7 } backends: "*" } })");
  for (const char* line : {"set server web/w1 health down", "set server web/w1 state maint", "set weight web/w1 0"}) {
    EXPECT_EQ(
        Say(line, 7),
        "Permission denied: backends[\"web\"].servers[\"w1\"]: where there are reporters, only scopes let somebody "
        "change it");
  }
  EXPECT_EQ(Say("get weight web/w1", 7), "5 (initial 5)");
  Apply(kScopes);
  EXPECT_EQ(Say("set server web/w1 state drain", 1), "");
}

TEST_F(VerbRunnerTest, WhileARevisionIsOnTrialOnlyHealthChanges) {
  Use(kSmallState);
  Apply(R"(confirm_within { seconds: 60 }
           operations { upsert_server { backend: "web" server { id: "w3" address: "127.0.0.1:9004" } } })");
  EXPECT_THAT(Say("set server web/w1 state drain"), HasSubstr("is on trial"));
  EXPECT_EQ(Say("set server web/w1 health down"), "");
}

TEST_F(VerbRunnerWithSlowWorkers, IsAnsweredWhenAllWorkersServeIt) {
  std::string_view line = "set server web/w1 state drain";
  std::optional<std::string> answer;
  runner_.CarryOut(health::TakeVerb(&line), {.source = "unix"}, [&](std::string text) { answer = std::move(text); });
  EXPECT_EQ(answer, std::nullopt);
  test_.workers.AdoptNow();
  EXPECT_EQ(answer, "");
}

TEST_F(VerbRunnerWithSlowWorkers, WhatSomebodyElseChangesBetweenReadingAndWritingIsKept) {
  test_.Submit(ParseTransaction(R"(operations { upsert_server {
      backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: 5 labels { key: "new" value: "1" } } } })"));
  std::string_view line = "set server web/w1 state drain";
  std::optional<std::string> answer;
  // Waits in the queue, and was made of what is in force: by then w1 is another.
  test_.Submit(ParseTransaction(R"(operations { upsert_server {
      backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: 8 labels { key: "new" value: "2" } } } })"));
  runner_.CarryOut(health::TakeVerb(&line), {.source = "unix"}, [&](std::string text) { answer = std::move(text); });
  while (test_.workers.adopting()) test_.workers.AdoptNow();
  EXPECT_EQ(answer, "");
  EXPECT_EQ(server().admin_state, AdminState::kDrain);
  EXPECT_EQ(server().weight, 8);
  EXPECT_EQ(server().extras->labels.at("new"), "2");
}

TEST_F(VerbRunnerWithSlowWorkers, VerbsOnOneServerGoOneAfterAnother) {
  std::vector<std::string> answers;
  const auto say = [&](std::string_view line) {
    runner_.CarryOut(health::TakeVerb(&line), {.source = "unix"},
                     [&](std::string text) { answers.push_back(std::move(text)); });
  };
  for (int i = 0; i < 10; ++i) {
    say(absl::StrCat("set weight web/w1 ", 10 * i, "%"));
    say("set server web/w1 state drain");
    say("set server web/w1 state ready");
  }
  say("get weight web/w1");
  EXPECT_THAT(answers, testing::ElementsAre(testing::EndsWith(" (initial 5)")));
  answers.clear();
  while (test_.workers.adopting()) {
    test_.workers.AdoptNow();
    say("get weight web/w1");
    EXPECT_THAT(answers.back(), testing::EndsWith(" (initial 5)"));
    answers.pop_back();
  }
  EXPECT_EQ(answers, std::vector<std::string>(30));
  EXPECT_EQ(server().weight, 4);
  EXPECT_EQ(server().admin_state, AdminState::kReady);
}

TEST_F(VerbRunnerTest, AWeightThatWasRefusedIsNone) {
  Use(kSmallState);
  Apply(R"(confirm_within { seconds: 60 }
           operations { upsert_server { backend: "web" server { id: "w3" address: "127.0.0.1:9004" } } })");
  EXPECT_THAT(Say("set weight web/w1 9"), HasSubstr("is on trial"));
  EXPECT_EQ(Say("get weight web/w1"), "5 (initial 5)");
}

TEST_F(VerbRunnerWithSlowWorkers, WhoeverAskedAndLeftIsNotAnsweredAndItGoesOn) {
  std::string_view line = "set weight web/w1 0";
  const uint64_t ticket = runner_.CarryOut(health::TakeVerb(&line), {.source = "unix"},
                                           [](std::string) { ADD_FAILURE() << "nobody is there"; });
  runner_.Forget(ticket);
  test_.workers.AdoptNow();
  EXPECT_EQ(server().weight, 0);
  EXPECT_EQ(Say("get weight web/w1"), "0 (initial 5)");
}

}  // namespace
}  // namespace fairlead::control
