// The sentences of docs/HEALTH.md about votes, decisions and what holds them back, one by one.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/health/health_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using config::Health;
using config::HealthRules;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class HealthRulesTest : public testing::Test {
 protected:
  explicit HealthRulesTest(int servers = 1) : servers_(servers) { Fill(table_); }

  void Fill(HealthTable& table) const {
    for (int i = 1; i <= servers_; ++i) {
      table.AddServer("web", Name(i));
      table.SetInService("web", Name(i), true);
    }
  }

  static std::string Name(int server) { return absl::StrCat("w", server); }
  void Use(HealthRules rules) {
    table_.SetRules("web", std::make_shared<const HealthRules>(rules));
    for (int i = 1; i <= servers_; ++i) table_.Reconsider("web", Name(i));
  }
  void Say(std::string_view reporter, Health status, int server = 1, uint64_t ttl_ms = 30'000) {
    const std::string id = Name(server);
    Report report;
    report.backend = "web";
    report.server = id;
    report.status = status;
    report.reporter = reporter;
    report.ttl_ms = ttl_ms;
    ASSERT_TRUE(table_.Take(report).ok());
  }
  void Know(const std::string& id, const std::string& failure_domain, uint32_t weight = 1) {
    table_.ChangeReporters({}, {std::make_shared<const Reporter>(Reporter{.id = id,
                                                                          .identities = {},
                                                                          .failure_domain = failure_domain,
                                                                          .backends = BackendPatterns({"*"}),
                                                                          .weight = weight})});
  }
  Health health(int server = 1) { return table_.HealthOf("web", Name(server)); }
  int down() {
    int count = 0;
    for (int i = 1; i <= servers_; ++i) count += health(i) == Health::kDown;
    return count;
  }
  Explanation explain(int server = 1) { return *table_.Explain("web", Name(server)); }
  void PassTime(uint64_t ms) { timers_.Advance(timers_.now_ms() + ms); }
  HealthTable::OnChange OnChange() {
    return [this](std::string_view, std::string_view server, Health health) {
      changes_.push_back(absl::StrCat(std::string(server), " ", std::string(config::ToString(health))));
    };
  }

  event::TimerWheel timers_{1'000'000};
  std::vector<std::string> changes_;
  std::vector<std::string> alarms_;
  HealthTable table_{&timers_, OnChange(), [this](std::string_view line) { alarms_.emplace_back(line); }};
  const int servers_;
};

TEST_F(HealthRulesTest, WhenItsLeaseEndsAVoteAbstains) {
  Use({.down = config::HealthQuorum{.votes = 2}});
  Say("a", Health::kDown, 1, 1'000);
  PassTime(1'000);
  Say("b", Health::kDown);
  EXPECT_EQ(health(), Health::kUnknown);
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, AVoteChangesToDownAfterFallReportsInARowAndToUpAfterRise) {
  Use({.rise = 2, .fall = 3});
  Say("a", Health::kUp);
  EXPECT_EQ(health(), Health::kUnknown);  // it has said nothing yet: it abstains
  Say("a", Health::kDegraded);            // the same side
  EXPECT_EQ(health(), Health::kDegraded);
  Say("a", Health::kDown);
  Say("a", Health::kDown);
  Say("a", Health::kUp);  // not in a row
  EXPECT_EQ(health(), Health::kUp);
  Say("a", Health::kDown);
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kUp);
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
  Say("a", Health::kUp);
  EXPECT_EQ(health(), Health::kDown);
  Say("a", Health::kUp);
  EXPECT_EQ(health(), Health::kUp);
}

TEST_F(HealthRulesTest, RunsAreEachReportersOwn) {
  Use({.fall = 2});
  Say("a", Health::kDown);
  Say("b", Health::kDown);
  EXPECT_EQ(health(), Health::kUnknown);
  Say("b", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, WhenALeaseEndsTheRunBeginsAnew) {
  Use({.fall = 2});
  Say("a", Health::kDown, 1, 1'000);
  PassTime(1'000);
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kUnknown);
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, OldAndRepeatedReportsMakeNoRun) {
  Use({.fall = 2});
  Report report;
  report.backend = "web";
  report.server = "w1";
  report.status = Health::kDown;
  report.reporter = "a";
  report.sequence = 4;
  ASSERT_TRUE(table_.Take(report).ok());
  EXPECT_FALSE(table_.Take(report).ok());
  EXPECT_EQ(health(), Health::kUnknown);
}

TEST_F(HealthRulesTest, AServerIsDownWhenTheVotesForDownMeetTheQuorum) {
  Use({.down = config::HealthQuorum{.votes = 2}});
  Say("a", Health::kDown);
  Say("b", Health::kUp);
  EXPECT_EQ(health(), Health::kUp);  // UP takes one vote
  Say("c", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
  Say("c", Health::kDown);  // of one reporter
  EXPECT_EQ(explain().tally.down.votes, 2);
}

TEST_F(HealthRulesTest, ElseItIsUpWhenTheVotesForUpMeetTheQuorum) {
  Use({.up = config::HealthQuorum{.votes = 2}});
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);  // DOWN takes one vote
  Say("a", Health::kUp);
  EXPECT_EQ(health(), Health::kDown);
  Say("b", Health::kUp);
  EXPECT_EQ(health(), Health::kUp);
}

TEST_F(HealthRulesTest, ItIsDegradedWhereAtLeastHalfOfTheseSaySo) {
  Use({.up = config::HealthQuorum{.votes = 2}});
  Say("a", Health::kDegraded);
  EXPECT_EQ(health(), Health::kUnknown);
  Say("b", Health::kUp);
  EXPECT_EQ(health(), Health::kDegraded);
  Say("c", Health::kUp);
  EXPECT_EQ(health(), Health::kUp);
}

TEST_F(HealthRulesTest, ElseWhatStandsStandsAsLongAsOneVoteLives) {
  Use({.down = config::HealthQuorum{.votes = 2}, .up = config::HealthQuorum{.votes = 2}});
  Say("a", Health::kDown, 1, 10'000);
  EXPECT_EQ(health(), Health::kUnknown);  // a new server
  Say("b", Health::kDown, 1, 1'000);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(1'000);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(9'000);
  EXPECT_EQ(health(), Health::kUnknown);
}

TEST_F(HealthRulesTest, OfATieDownWins) {
  Use({.down = config::HealthQuorum{.votes = 2}, .up = config::HealthQuorum{.votes = 2}});
  for (const char* up : {"a", "b"}) Say(up, Health::kUp);
  EXPECT_EQ(health(), Health::kUp);
  for (const char* down : {"c", "d"}) Say(down, Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
  for (const char* up : {"a", "b"}) Say(up, Health::kUp);
  EXPECT_EQ(health(), Health::kDown);
  EXPECT_EQ(changes_.size(), 2);  // nor does it go to and fro
}

TEST_F(HealthRulesTest, InAPartitionOneDomainCantTakeAServerOutNorBringItBack) {
  for (const char* id : {"a1", "a2", "a3"}) Know(id, "zone-a");
  for (const char* id : {"b1", "b2"}) Know(id, "zone-b");
  const config::HealthQuorum two{.votes = 2, .failure_domains = 2};
  Use({.down = two, .up = two});
  for (const char* id : {"a1", "b1"}) Say(id, Health::kUp);
  EXPECT_EQ(health(), Health::kUp);
  for (const char* id : {"a1", "a2", "a3"}) Say(id, Health::kDown);
  EXPECT_EQ(health(), Health::kUp);
  Say("b2", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
  for (const char* id : {"a1", "a2", "a3"}) Say(id, Health::kUp);
  EXPECT_EQ(health(), Health::kUp);  // b1 said so
  Say("b1", Health::kUnknown);
  for (const char* id : {"a1", "b2"}) Say(id, Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
  Say("b2", Health::kUnknown);
  for (const char* id : {"a1", "a2", "a3"}) Say(id, Health::kUp);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, VotesCountByWeight) {
  Know("heavy", "a", 3);
  Know("light", "b");
  Use({.down = config::HealthQuorum{.votes = 3}});
  Say("light", Health::kDown);
  EXPECT_EQ(health(), Health::kUnknown);
  Say("heavy", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, WithoutReporterResourcesEachIsADomainOfItsOwn) {
  Use({.down = config::HealthQuorum{.votes = 2, .failure_domains = 2}});
  Say("a", Health::kDown);
  Say("b", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, ReportersThatChangeCountAsTheyAreNow) {
  Know("a", "zone-a");
  Know("b", "zone-a");
  Use({.down = config::HealthQuorum{.votes = 2, .failure_domains = 2}});
  Say("a", Health::kDown);
  Say("b", Health::kDown);
  EXPECT_EQ(health(), Health::kUnknown);
  Know("b", "zone-b");
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, WhatSomebodySaidWhoMayNotAnyMoreEndsAtOnce) {
  Say("stranger", Health::kDown);
  Say("b", Health::kUp);
  Say("stranger", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
  Know("b", "zone-b");
  EXPECT_EQ(health(), Health::kUp);
  Know("a", "zone-a");
  table_.ChangeReporters({"b"}, {});
  EXPECT_EQ(health(), Health::kUnknown);
}

TEST_F(HealthRulesTest, WhenAllAbstainTheLastDecisionIsKeptForKeepLastThenTheServerIsUnknown) {
  Use({.keep_last_ms = 5'000});
  Say("a", Health::kDown, 1, 1'000);
  PassTime(1'000);
  EXPECT_EQ(health(), Health::kDown);
  EXPECT_EQ(explain().hold.why, Hold::Why::kKeepLast);
  EXPECT_EQ(explain().hold_left_ms, 5'000);
  PassTime(4'999);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(1);
  EXPECT_EQ(health(), Health::kUnknown);
}

TEST_F(HealthRulesTest, AVoteThatComesWhileTheLastDecisionIsKeptBeginsAnew) {
  Use({.keep_last_ms = 5'000});
  Say("a", Health::kDown, 1, 1'000);
  PassTime(5'000);
  Say("a", Health::kDown, 1, 1'000);
  PassTime(5'999);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(1);
  EXPECT_EQ(health(), Health::kUnknown);
}

TEST_F(HealthRulesTest, ReportersWithoutNumbersCountTheSame) {
  Use({.down = config::HealthQuorum{.votes = 2}});
  Report numbered;
  numbered.backend = "web";
  numbered.server = "w1";
  numbered.status = Health::kDown;
  numbered.reporter = "new";
  numbered.incarnation = 1'700'000'000;
  numbered.sequence = 12;
  ASSERT_TRUE(table_.Take(numbered).ok());
  Say("old", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, TheControllersWordHoldsAtOnceAndVotesThatCameBeforeDoNotCount) {
  Use({.down = config::HealthQuorum{.votes = 2}, .min_down_ms = 60'000});
  Say("a", Health::kDown);
  Say("b", Health::kDown);
  EXPECT_EQ(table_.SetControllerWord("web", "w1", Health::kUp, ""), Health::kUp);
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kUp);  // b's vote came before
  Say("b", Health::kDown);
  EXPECT_EQ(health(), Health::kDown);  // later ones that decide win
}

TEST_F(HealthRulesTest, WhenAllLaterVotesAbstainTheControllersWordHoldsAgain) {
  Use({.keep_last_ms = 60'000});
  table_.SetControllerWord("web", "w1", Health::kUp, "");
  Say("a", Health::kDown, 1, 1'000);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(1'000);
  EXPECT_EQ(health(), Health::kUp);
}

TEST_F(HealthRulesTest, AWordThatIsTakenBackTakesItsDecisionWithItAndAllVotesCount) {
  Use({.down = config::HealthQuorum{.votes = 2}, .up = config::HealthQuorum{.votes = 2}, .keep_last_ms = 60'000});
  Say("a", Health::kUp);
  table_.SetControllerWord("web", "w1", Health::kDown, "");
  Say("b", Health::kUp);
  EXPECT_EQ(health(), Health::kDown);
  EXPECT_EQ(table_.SetControllerWord("web", "w1", Health::kUnknown, ""), Health::kUp);
  table_.SetControllerWord("web", "w1", Health::kDown, "");
  Say("b", Health::kUnknown);
  EXPECT_EQ(table_.SetControllerWord("web", "w1", Health::kUnknown, ""), Health::kUnknown);  // one vote decides nothing
}

TEST_F(HealthRulesTest, ADecisionIsToldWithTheRevisionThatWasInForce) {
  EXPECT_EQ(explain().decision.since_revision, 0);
  table_.SetRevision(7);
  Say("a", Health::kDown);
  table_.SetRevision(8);
  Say("b", Health::kDown);  // changes nothing
  EXPECT_EQ(explain().decision.since_revision, 7);
  table_.SetRevision(9);
  Use({.down = config::HealthQuorum{.votes = 3}, .up = config::HealthQuorum{.votes = 1}});
  Say("a", Health::kUp);
  EXPECT_EQ(explain().decision.since_revision, 9);
  const std::vector<Explanation::Past> past = explain().past;
  ASSERT_EQ(past.size(), 2u);
  EXPECT_EQ(past[0].to, Health::kUp);
  EXPECT_EQ(past[0].revision, 9);
  EXPECT_EQ(past[1].to, Health::kDown);
  EXPECT_EQ(past[1].revision, 7);
}

TEST_F(HealthRulesTest, ADecisionStandsForMinDownAndMinUpAtLeast) {
  Use({.min_down_ms = 10'000, .min_up_ms = 3'000});
  Say("a", Health::kDown);
  PassTime(2'000);
  Say("a", Health::kUp);
  EXPECT_EQ(health(), Health::kDown);
  EXPECT_EQ(explain().hold.why, Hold::Why::kMinDown);
  EXPECT_EQ(explain().hold_left_ms, 8'000);
  PassTime(7'999);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(1);
  EXPECT_EQ(health(), Health::kUp);
  Say("a", Health::kDown);
  EXPECT_EQ(health(), Health::kUp);
  PassTime(1'000);
  Say("a", Health::kDegraded);  // UP and DEGRADED are one
  EXPECT_EQ(health(), Health::kDegraded);
  Say("a", Health::kDown);
  PassTime(1'999);
  EXPECT_EQ(health(), Health::kDegraded);
  PassTime(1);
  EXPECT_EQ(health(), Health::kDown);
}

TEST_F(HealthRulesTest, WhatTheVotesSayWhenAHoldEndsIsDecided) {
  Use({.min_down_ms = 10'000});
  Say("a", Health::kDown);
  Say("a", Health::kUp);
  Say("a", Health::kDown);
  PassTime(10'000);
  EXPECT_EQ(health(), Health::kDown);
  EXPECT_EQ(changes_.size(), 1);
}

TEST_F(HealthRulesTest, TheEndOfVotesIsHeldBackToo) {
  Use({.min_down_ms = 10'000});
  Say("a", Health::kDown, 1, 1'000);
  PassTime(1'000);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(9'000);
  EXPECT_EQ(health(), Health::kUnknown);
}

TEST_F(HealthRulesTest, AServerThatChangesAllTheTimeIsHeldDown) {
  Use({.damping = config::FlapDamping{.half_life_ms = 60'000, .suppress = 3'000, .reuse = 1'000}});
  for (int turn = 0; turn < 3; ++turn) {
    Say("a", Health::kUp);
    EXPECT_EQ(health(), Health::kUp) << turn;
    Say("a", Health::kDown);
    EXPECT_EQ(health(), Health::kDown);
  }
  EXPECT_FALSE(explain().suppressed);
  Say("a", Health::kUp);
  Say("a", Health::kDown, 1, 3'600'000);
  EXPECT_TRUE(explain().suppressed);
  Say("a", Health::kUp, 1, 3'600'000);
  EXPECT_EQ(health(), Health::kDown);
  EXPECT_EQ(explain().hold.why, Hold::Why::kDamping);
  PassTime(119'000);
  EXPECT_EQ(health(), Health::kDown);
  PassTime(1'100);
  EXPECT_EQ(health(), Health::kUp);
}

TEST_F(HealthRulesTest, TurnsCountWhileItIsHeldToo) {
  Use({.damping = config::FlapDamping{.half_life_ms = 60'000, .suppress = 1'000, .reuse = 1'000}});
  for (int turn = 0; turn < 10; ++turn) {
    Say("a", Health::kUp);
    Say("a", Health::kDown);
  }
  EXPECT_EQ(explain().penalty, 10'000);
  EXPECT_EQ(changes_.size(), 4);  // UP, DOWN, UP, DOWN, and no more
}

TEST_F(HealthRulesTest, WhatTheControllerSaysIsNoTurn) {
  Use({.damping = config::FlapDamping{}});
  for (int turn = 0; turn < 5; ++turn) {
    table_.SetControllerWord("web", "w1", Health::kUp, "");
    table_.SetControllerWord("web", "w1", Health::kDown, "");
  }
  EXPECT_EQ(explain().penalty, 0);
}

class FailSafeTest : public HealthRulesTest {
 protected:
  FailSafeTest() : HealthRulesTest(10) { Use(rules_); }

  const HealthRules rules_{.fail_safe = config::FailSafe{.max_share = 0.3, .within_ms = 60'000}};
};

TEST_F(FailSafeTest, ReportsTakeNoMoreThanMaxShareOutWithinTheTime) {
  for (int i = 1; i <= 10; ++i) Say("a", Health::kDown, i, 3'600'000);
  EXPECT_EQ(down(), 3);
  EXPECT_EQ(table_.HeldByFailSafe("web"), 7);
  EXPECT_EQ(explain(4).hold.why, Hold::Why::kFailSafe);
  EXPECT_EQ(explain(4).decision.reason, "held by fail_safe, would be DOWN");
  ASSERT_EQ(alarms_.size(), 1);
  EXPECT_THAT(alarms_[0], HasSubstr("backend \"web\": fail-safe: reports have taken 3 of 10 servers out within 60s"));
  EXPECT_THAT(alarms_[0], HasSubstr("\"w4\""));
}

TEST_F(FailSafeTest, WhenThereIsRoomAgainWhatIsHeldFollowsInTheOrderInWhichItCame) {
  for (int i : {7, 2, 9, 5, 1, 4, 3}) Say("a", Health::kDown, i, 3'600'000);
  EXPECT_THAT(changes_, ElementsAre("w7 DOWN", "w2 DOWN", "w9 DOWN"));
  PassTime(59'999);
  EXPECT_EQ(down(), 3);
  PassTime(1);
  EXPECT_THAT(changes_, ElementsAre("w7 DOWN", "w2 DOWN", "w9 DOWN", "w5 DOWN", "w1 DOWN", "w4 DOWN"));
  EXPECT_EQ(alarms_.size(), 1);
  PassTime(60'000);
  EXPECT_EQ(down(), 7);
  EXPECT_EQ(table_.HeldByFailSafe("web"), 0);
  ASSERT_EQ(alarms_.size(), 2);
  EXPECT_EQ(alarms_[1], "backend \"web\": fail-safe: over after 120s");
}

TEST_F(FailSafeTest, AfterARestartItGoesOnWithWhatItCounted) {
  for (int i : {7, 2}) Say("a", Health::kDown, i, 3'600'000);
  PassTime(20'000);
  for (int i : {9, 5, 1}) {
    Say("a", Health::kDown, i, 3'600'000);
    PassTime(1'000);
  }
  std::vector<StoredServer> stored;
  table_.Store([&](const StoredServer& server) { stored.push_back(server); });
  const auto restart = [&](HealthTable& table, uint64_t elapsed_ms) {
    Fill(table);
    table.SetRules("web", std::make_shared<const HealthRules>(rules_));
    for (const StoredServer& server : stored) EXPECT_TRUE(table.Restore(server, elapsed_ms));
    changes_.clear();
    table.FollowRestored();
  };
  HealthTable soon(&timers_, OnChange(), nullptr);
  restart(soon, 10'000);
  EXPECT_THAT(changes_, UnorderedElementsAre("w2 DOWN", "w7 DOWN", "w9 DOWN"));
  EXPECT_EQ(soon.HeldByFailSafe("web"), 2);
  changes_.clear();
  PassTime(26'999);  // 60 s after the first two
  EXPECT_THAT(changes_, IsEmpty());
  PassTime(1);
  EXPECT_THAT(changes_, ElementsAre("w5 DOWN", "w1 DOWN"));

  HealthTable late(&timers_, OnChange(), nullptr);
  restart(late, 120'000);
  EXPECT_THAT(changes_, UnorderedElementsAre("w1 DOWN", "w2 DOWN", "w5 DOWN", "w7 DOWN", "w9 DOWN"));
}

TEST_F(FailSafeTest, AServerThatComesBackMakesRoom) {
  for (int i = 1; i <= 5; ++i) Say("a", Health::kDown, i);
  Say("a", Health::kUp, 2);
  EXPECT_THAT(changes_, ElementsAre("w1 DOWN", "w2 DOWN", "w3 DOWN", "w2 UP", "w4 DOWN"));
}

TEST_F(FailSafeTest, WhatIsHeldFollowsByWhatTheVotesSayThen) {
  for (int i = 1; i <= 5; ++i) Say("a", Health::kDown, i, 3'600'000);
  Say("a", Health::kUp, 4);
  PassTime(60'000);
  EXPECT_EQ(health(4), Health::kUnknown);  // its lease has ended: 30 s
  EXPECT_EQ(health(5), Health::kDown);
}

TEST_F(FailSafeTest, ALaterOneDoesNotGoBeforeOneThatWaits) {
  for (int i = 1; i <= 4; ++i) Say("a", Health::kDown, i);
  // Out of service: it makes room of one, which the first that waits gets.
  table_.SetInService("web", "w1", false);
  Say("a", Health::kDown, 5);
  EXPECT_EQ(health(4), Health::kUnknown);  // 30% of 9 are 2, and w2 and w3 are out
  EXPECT_EQ(health(5), Health::kUnknown);
  Say("a", Health::kUp, 2);
  EXPECT_EQ(health(4), Health::kDown);
  EXPECT_EQ(health(5), Health::kUnknown);
}

TEST_F(FailSafeTest, OneMayAlwaysBeTakenOut) {
  for (int i = 3; i <= 10; ++i) table_.SetInService("web", Name(i), false);
  Say("a", Health::kDown, 1);
  Say("a", Health::kDown, 2);
  EXPECT_EQ(health(1), Health::kDown);
  EXPECT_EQ(health(2), Health::kUnknown);
}

TEST_F(FailSafeTest, WhenAllReportersDieAtOnceTheyTakeNothingOutWhereUnknownIsNotPicked) {
  Use({.fail_safe = config::FailSafe{.max_share = 0.3, .within_ms = 60'000}, .unknown_is_eligible = false});
  for (int i = 1; i <= 10; ++i) Say("a", Health::kUp, i, 1'000);
  PassTime(1'000);
  int up = 0;
  for (int i = 1; i <= 10; ++i) up += health(i) == Health::kUp;
  EXPECT_EQ(up, 7);
}

TEST_F(FailSafeTest, WhereUnknownIsPickedTheEndOfVotesTakesNothingOut) {
  for (int i = 1; i <= 10; ++i) Say("a", Health::kUp, i, 1'000);
  PassTime(1'000);
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(health(i), Health::kUnknown);
  EXPECT_THAT(alarms_, IsEmpty());
}

TEST_F(FailSafeTest, ServersThatAreNotInServiceAreNeitherCountedNorHeld) {
  table_.SetInService("web", "w10", false);
  Say("a", Health::kDown, 10);
  EXPECT_EQ(health(10), Health::kDown);
  for (int i = 1; i <= 3; ++i) Say("a", Health::kDown, i);
  EXPECT_EQ(down(), 3);  // two of nine, and w10
  table_.SetInService("web", "w3", false);
  EXPECT_EQ(health(3), Health::kDown);
}

TEST_F(FailSafeTest, WhatTheControllerSaysIsNeitherCountedNorHeld) {
  for (int i = 1; i <= 6; ++i) table_.SetControllerWord("web", Name(i), Health::kDown, "");
  EXPECT_EQ(down(), 6);
  Say("a", Health::kDown, 7);
  EXPECT_EQ(health(7), Health::kDown);
}

TEST_F(FailSafeTest, AWordThatIsTakenBackLetsVotesTakeNoMoreOut) {
  for (int i = 1; i <= 10; ++i) table_.SetControllerWord("web", Name(i), Health::kUp, "");
  for (int i = 1; i <= 10; ++i) Say("a", Health::kDown, i);
  EXPECT_EQ(down(), 3);
  for (int i = 1; i <= 10; ++i) table_.SetControllerWord("web", Name(i), Health::kUnknown, "");
  EXPECT_EQ(down(), 3);
}

TEST_F(FailSafeTest, AServerThatIsRemovedMakesRoom) {
  for (int i = 1; i <= 5; ++i) Say("a", Health::kDown, i);
  table_.RemoveServer("web", "w1");
  EXPECT_EQ(health(4), Health::kUnknown);  // 30% of 9 are 2
  table_.RemoveServer("web", "w2");
  EXPECT_EQ(health(4), Health::kDown);
}

TEST_F(FailSafeTest, RulesThatChangeHoldAtOnce) {
  for (int i = 1; i <= 10; ++i) Say("a", Health::kDown, i);
  EXPECT_EQ(down(), 3);
  Use({.fail_safe = config::FailSafe{.max_share = 0.5, .within_ms = 60'000}});
  EXPECT_EQ(down(), 5);
  table_.SetRules("web", nullptr);
  for (int i = 1; i <= 10; ++i) table_.Reconsider("web", Name(i));
  EXPECT_EQ(down(), 10);
  EXPECT_EQ(table_.HeldByFailSafe("web"), std::nullopt);
  ASSERT_EQ(alarms_.size(), 2);
  EXPECT_THAT(alarms_[1], HasSubstr("over, with its rule"));
}

TEST_F(FailSafeTest, AnAlarmThatComesAndGoesIsToldOfOnceInAWhile) {
  for (int i = 1; i <= 3; ++i) Say("a", Health::kDown, i);
  for (int i = 0; i < 100; ++i) {
    Say("a", Health::kDown, 4);
    Say("a", Health::kUnknown, 4);
  }
  EXPECT_EQ(alarms_.size(), 2);
  PassTime(10'000);
  Say("a", Health::kDown, 4);
  EXPECT_EQ(alarms_.size(), 3);
}

}  // namespace
}  // namespace fairlead::health
