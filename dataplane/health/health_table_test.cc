#include "dataplane/health/health_table.h"

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using config::Health;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HealthTableTest : public testing::Test {
 protected:
  using Change = std::tuple<std::string, std::string, Health>;

  HealthTableTest() { table_.AddServer("web", "w1"); }

  static Report Says(std::string_view reporter, Health status, uint64_t sequence = 0) {
    Report report;
    report.backend = "web";
    report.server = "w1";
    report.status = status;
    report.reporter = reporter;
    report.sequence = sequence;
    return report;
  }
  Decision decision() { return *table_.Find("web", "w1"); }
  void PassTime(uint64_t ms) { timers_.Advance(timers_.now_ms() + ms); }

  event::TimerWheel timers_{1'000};
  std::vector<Change> changes_;
  HealthTable table_{&timers_, [this](std::string_view backend, std::string_view server, Health health) {
                       changes_.emplace_back(backend, server, health);
                     }};
};

TEST_F(HealthTableTest, ANewServerIsUnknownByNobodysWord) {
  EXPECT_EQ(decision().health, Health::kUnknown);
  EXPECT_EQ(decision().decided_by, "");
  EXPECT_EQ(decision().since_ms, 1'000);
  EXPECT_EQ(decision().expires_ms, 0);
}

TEST_F(HealthTableTest, AReportDecidesAndItsChangeIsTold) {
  PassTime(500);
  Report report = Says("probe-a", Health::kDown);
  report.ttl_ms = 10'000;
  report.reason = "connection refused";
  ASSERT_TRUE(table_.Take(report).ok());
  EXPECT_EQ(decision().health, Health::kDown);
  EXPECT_EQ(decision().decided_by, "probe-a");
  EXPECT_EQ(decision().reason, "connection refused");
  EXPECT_EQ(decision().since_ms, 1'500);
  EXPECT_EQ(decision().expires_ms, 11'500);
  EXPECT_THAT(changes_, ElementsAre(Change("web", "w1", Health::kDown)));
}

TEST_F(HealthTableTest, AReportThatRepeatsProlongsTheClaimAndTellsNothing) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  PassTime(20'000);
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  PassTime(29'999);
  EXPECT_EQ(decision().health, Health::kUp);
  EXPECT_EQ(decision().since_ms, 1'000);
  EXPECT_EQ(changes_.size(), 1);
  PassTime(1);
  EXPECT_EQ(decision().health, Health::kUnknown);
}

TEST_F(HealthTableTest, TheLastToArriveDecidesWhoeverItIs) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDown)).ok());
  ASSERT_TRUE(table_.Take(Says("probe-b", Health::kUp)).ok());
  EXPECT_EQ(decision().health, Health::kUp);
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDegraded)).ok());
  EXPECT_EQ(decision().health, Health::kDegraded);
  EXPECT_EQ(decision().decided_by, "probe-a");
}

TEST_F(HealthTableTest, WhenTheLastClaimEndsTheOneBeforeItDecidesAgain) {
  Report brief = Says("probe-b", Health::kDown);
  brief.ttl_ms = 100;
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  ASSERT_TRUE(table_.Take(brief).ok());
  PassTime(100);
  EXPECT_EQ(decision().health, Health::kUp);
  EXPECT_EQ(decision().decided_by, "probe-a");
  EXPECT_EQ(decision().since_ms, 1'100);
  EXPECT_EQ(table_.leases_expired(), 1);
}

TEST_F(HealthTableTest, ADeadReporterNeitherKeepsAServerDownNorUp) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDown)).ok());
  PassTime(30'000);
  EXPECT_EQ(decision().health, Health::kUnknown);
  EXPECT_EQ(decision().decided_by, "");
  EXPECT_EQ(decision().reason, "");
  EXPECT_THAT(changes_, ElementsAre(Change("web", "w1", Health::kDown), Change("web", "w1", Health::kUnknown)));
}

TEST_F(HealthTableTest, UnknownWithdrawsTheReportersClaim) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  ASSERT_TRUE(table_.Take(Says("probe-b", Health::kDown)).ok());
  ASSERT_TRUE(table_.Take(Says("probe-b", Health::kUnknown)).ok());
  EXPECT_EQ(decision().health, Health::kUp);
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUnknown)).ok());
  EXPECT_EQ(decision().health, Health::kUnknown);
  PassTime(60'000);
  EXPECT_EQ(table_.leases_expired(), 0);
}

TEST_F(HealthTableTest, AnOlderSequenceNeverBeatsANewerOneEvenAnExpiredOne) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDown, 7)).ok());
  absl::Status status = table_.Take(Says("probe-a", Health::kUp, 4));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("sequence 4: stale, 7 was seen"));
  EXPECT_FALSE(table_.Take(Says("probe-a", Health::kUp, 7)).ok());
  EXPECT_EQ(decision().health, Health::kDown);
  PassTime(30'000);
  EXPECT_FALSE(table_.Take(Says("probe-a", Health::kUp, 7)).ok());
  EXPECT_EQ(decision().health, Health::kUnknown);
  EXPECT_TRUE(table_.Take(Says("probe-a", Health::kUp, 8)).ok());
}

TEST_F(HealthTableTest, SequencesOfOtherReportersAndServersAreTheirOwn) {
  table_.AddServer("web", "w2");
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp, 7)).ok());
  EXPECT_TRUE(table_.Take(Says("probe-b", Health::kUp, 1)).ok());
  Report other = Says("probe-a", Health::kUp, 1);
  other.server = "w2";
  EXPECT_TRUE(table_.Take(other).ok());
}

TEST_F(HealthTableTest, AHigherIncarnationStartsTheSequenceAgainAndALowerOneIsStale) {
  Report report = Says("probe-a", Health::kDown, 7);
  report.incarnation = 2;
  ASSERT_TRUE(table_.Take(report).ok());
  report.sequence = 1;
  report.incarnation = 3;
  EXPECT_TRUE(table_.Take(report).ok());
  report.sequence = 100;
  report.incarnation = 2;
  absl::Status status = table_.Take(report);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("incarnation 2: stale, 3 was seen"));
}

TEST_F(HealthTableTest, ReportsWithoutSequenceAreNumberedAsTheyCome) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDown, 7)).ok());
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());  // 8
  EXPECT_FALSE(table_.Take(Says("probe-a", Health::kDown, 8)).ok());
  EXPECT_TRUE(table_.Take(Says("probe-a", Health::kDown, 9)).ok());
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp, UINT64_MAX)).ok());
  EXPECT_FALSE(table_.Take(Says("probe-a", Health::kDown)).ok());
}

TEST_F(HealthTableTest, TheControllersWordHoldsUntilALaterReportAndAgainAfterIt) {
  EXPECT_EQ(table_.SetControllerWord("web", "w1", Health::kDown, "rack 7 is off"), Health::kDown);
  EXPECT_EQ(decision().decided_by, "controller");
  EXPECT_EQ(decision().expires_ms, 0);
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  EXPECT_EQ(decision().health, Health::kUp);
  EXPECT_EQ(table_.controller_word("web", "w1"), Health::kDown);
  PassTime(30'000);
  EXPECT_EQ(decision().health, Health::kDown);
  EXPECT_EQ(decision().reason, "rack 7 is off");
}

TEST_F(HealthTableTest, TheControllersSameWordAgainDoesNotBeatAReport) {
  table_.SetControllerWord("web", "w1", Health::kDown, "a");
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  EXPECT_EQ(table_.SetControllerWord("web", "w1", Health::kDown, "a"), Health::kUp);
  EXPECT_EQ(table_.SetControllerWord("web", "w1", Health::kDown, "b"), Health::kDown);
}

TEST_F(HealthTableTest, TheControllerTakesItsWordBack) {
  table_.SetControllerWord("web", "w1", Health::kDown, "");
  EXPECT_EQ(table_.SetControllerWord("web", "w1", Health::kUnknown, ""), Health::kUnknown);
  EXPECT_EQ(decision().decided_by, "");
  EXPECT_EQ(table_.controller_word("web", "w1"), Health::kUnknown);
}

TEST_F(HealthTableTest, TheControllersWordsAreNotTold) {
  table_.SetControllerWord("web", "w1", Health::kDown, "");
  table_.SetControllerWord("web", "w1", Health::kUnknown, "");
  EXPECT_THAT(changes_, IsEmpty());
}

TEST_F(HealthTableTest, WithAServerAllWordsAboutItEnd) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDown, 7)).ok());
  table_.SetControllerWord("web", "w1", Health::kUp, "");
  table_.RemoveServer("web", "w1");
  EXPECT_FALSE(table_.Find("web", "w1").has_value());
  PassTime(60'000);
  EXPECT_EQ(changes_.size(), 1);
  table_.AddServer("web", "w1");
  EXPECT_EQ(decision().health, Health::kUnknown);
  EXPECT_EQ(table_.controller_word("web", "w1"), Health::kUnknown);
}

TEST_F(HealthTableTest, OldReportsStayOldForAServerThatComesBack) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDown, 7)).ok());
  table_.RemoveServer("web", "w1");
  table_.AddServer("web", "w1");
  EXPECT_EQ(table_.Take(Says("probe-a", Health::kDown, 7)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(decision().health, Health::kUnknown);
  EXPECT_TRUE(table_.Take(Says("probe-a", Health::kDown, 8)).ok());
  table_.RemoveServer("web", "w1");
  PassTime(3'600'000);
  table_.AddServer("web", "w1");
  EXPECT_TRUE(table_.Take(Says("probe-a", Health::kUp, 1)).ok());  // nothing is on its way for so long
}

TEST_F(HealthTableTest, AddingAServerThatExistsAndRemovingOneThatDoesNotChangeNothing) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kDown)).ok());
  table_.AddServer("web", "w1");
  table_.RemoveServer("web", "w2");
  table_.RemoveServer("webw", "1");
  EXPECT_EQ(decision().health, Health::kDown);
}

TEST_F(HealthTableTest, AReportForNoServerIsRefusedByItsName) {
  Report report = Says("probe-a", Health::kUp);
  report.server = "w9";
  absl::Status status = table_.Take(report);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "server \"web/w9\": no such server");
}

TEST_F(HealthTableTest, TheReporterAfterTheLimitIsRefusedByNameAndTheOthersGoOn) {
  table_.SetControllerWord("web", "w1", Health::kUp, "");
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(table_.Take(Says(absl::StrCat("probe-", i), Health::kUp)).ok());
  absl::Status status = table_.Take(Says("probe-64", Health::kDown));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("probe-64"));
  EXPECT_EQ(decision().health, Health::kUp);
  EXPECT_TRUE(table_.Take(Says("probe-63", Health::kDown)).ok());
}

TEST_F(HealthTableTest, ANewReporterTakesThePlaceOfTheOneThatIsSilentLongest) {
  for (int i = 0; i < 64; ++i) {
    const std::string name = absl::StrCat("probe-", i);
    Report report = Says(name, Health::kUp, 7);
    report.ttl_ms = i == 3 ? 1'000 : i == 5 ? 2'000 : 60'000;
    ASSERT_TRUE(table_.Take(report).ok());
  }
  EXPECT_FALSE(table_.Take(Says("probe-64", Health::kDown)).ok());
  PassTime(2'000);
  EXPECT_TRUE(table_.Take(Says("probe-64", Health::kDown)).ok());
  EXPECT_FALSE(table_.Take(Says("probe-5", Health::kUp, 7)).ok());  // it is still remembered
  EXPECT_TRUE(table_.Take(Says("probe-3", Health::kUp, 7)).ok());   // and takes the place of probe-5
  EXPECT_FALSE(table_.Take(Says("probe-65", Health::kUp)).ok());
}

TEST_F(HealthTableTest, AReporterThatStopsNumberingIsHeardAllTheSame) {
  Report report = Says("probe-a", Health::kDown, 7);
  report.incarnation = 1'700'000'000;
  ASSERT_TRUE(table_.Take(report).ok());
  EXPECT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  EXPECT_EQ(decision().health, Health::kUp);
  // What was on its way from before is old.
  EXPECT_FALSE(table_.Take(report).ok());
  EXPECT_EQ(decision().health, Health::kUp);
}

TEST_F(HealthTableTest, ARefusedReportChangesNothingAndIsCounted) {
  ASSERT_TRUE(table_.Take(Says("probe-a", Health::kUp)).ok());
  Report report = Says("probe-a", Health::kDown, 50);
  report.ttl_ms = 9;
  EXPECT_EQ(table_.Take(report).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(decision().health, Health::kUp);
  EXPECT_TRUE(table_.Take(Says("probe-a", Health::kUp, 3)).ok());
  EXPECT_EQ(table_.reports_accepted(), 2);
  EXPECT_EQ(table_.reports_refused(), 1);
}

TEST_F(HealthTableTest, AListenerToChangesSeesTheTableAsItIsAfterwards) {
  Health seen = Health::kUnknown;
  HealthTable* table = nullptr;
  HealthTable watched(&timers_, [&](std::string_view backend, std::string_view server, Health) {
    seen = table->Find(backend, server)->health;
    table->RemoveServer(backend, server);
  });
  table = &watched;
  watched.AddServer("web", "w1");
  ASSERT_TRUE(watched.Take(Says("probe-a", Health::kDown)).ok());
  EXPECT_EQ(seen, Health::kDown);
}

}  // namespace
}  // namespace fairlead::health
