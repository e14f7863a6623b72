#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

Outcome Report(const FakeProxy& proxy, std::vector<std::string> words) {
  words.insert(words.begin(), {"health", "report"});
  return RunForTest(proxy, words);
}

TEST(HealthReport, SendsAllThatIsSaid) {
  const FakeProxy proxy;
  const Outcome outcome = Report(proxy, {"web/w1", "down", "--ttl=10s", "--reporter=probe-a", "--reason=no answer",
                                         "--sequence=12", "--incarnation=3"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "reported web/w1 DOWN as probe-a\n");
  ASSERT_EQ(proxy.reports().size(), 1u);
  const v1::HealthReport report = proxy.reports()[0];
  EXPECT_EQ(report.backend(), "web");
  EXPECT_EQ(report.server(), "w1");
  EXPECT_EQ(report.status(), v1::Health::DOWN);
  EXPECT_EQ(report.reporter(), "probe-a");
  EXPECT_EQ(report.reason(), "no answer");
  EXPECT_EQ(report.sequence(), 12u);
  EXPECT_EQ(report.incarnation(), 3u);
  EXPECT_EQ(report.ttl().seconds(), 10);
}

TEST(HealthReport, LeavesToTheProxyWhatIsNotSaid) {
  const FakeProxy proxy;
  EXPECT_EQ(Report(proxy, {"web/w1", "UP"}).code, ExitCode::kDone);
  const v1::HealthReport report = proxy.reports()[0];
  EXPECT_EQ(report.reporter(), "fairleadctl");
  EXPECT_EQ(report.sequence(), 0u);
  EXPECT_FALSE(report.has_ttl());
}

TEST(HealthReport, TakesEveryStatus) {
  const FakeProxy proxy;
  for (const char* status : {"up", "degraded", "down", "unknown"}) {
    EXPECT_EQ(Report(proxy, {"web/w1", status}).code, ExitCode::kDone);
  }
  EXPECT_EQ(proxy.reports()[1].status(), v1::Health::DEGRADED);
  EXPECT_EQ(proxy.reports()[3].status(), v1::Health::UNKNOWN);
}

TEST(HealthReport, ThatIsRefusedEndsWithOne) {
  const FakeProxy proxy({.report_error = "server \"web/w9\": no such server"});
  const Outcome outcome = Report(proxy, {"web/w9", "up"});
  EXPECT_EQ(outcome.code, ExitCode::kRejected);
  EXPECT_EQ(outcome.err, "server \"web/w9\": no such server\n");
  EXPECT_EQ(outcome.out, "");
}

TEST(HealthReport, PrintsTheAnswerForPrograms) {
  const FakeProxy proxy;
  EXPECT_THAT(Report(proxy, {"web/w1", "up", "-o", "json"}).out, ::testing::HasSubstr("\"accepted\": 1"));
}

TEST(HealthReport, OfADryRunOnlySeesThatTheServerExists) {
  FakeProxy proxy;
  proxy.SetState(StateForTest("backends: [{id: web, servers: [{id: w1}]}]"));
  const Outcome there = Report(proxy, {"web/w1", "up", "--dry_run"});
  EXPECT_EQ(there.code, ExitCode::kDone) << there.err;
  EXPECT_EQ(there.out, "would report web/w1 UP as fairleadctl\n");
  const Outcome not_there = Report(proxy, {"web/w2", "up", "--dry_run"});
  EXPECT_EQ(not_there.code, ExitCode::kRejected);
  EXPECT_EQ(not_there.err, "no server \"web/w2\"\n");
  EXPECT_TRUE(proxy.reports().empty());
}

TEST(HealthReport, TimesOutWithoutAnAnswer) {
  const FakeProxy proxy({.answers = false});
  const Outcome outcome = Report(proxy, {"web/w1", "up", "--timeout=200ms"});
  EXPECT_EQ(outcome.code, ExitCode::kUnreachable);
  EXPECT_EQ(outcome.err, "no answer from " + proxy.address() + " within 200ms\n");
}

TEST(HealthReport, RefusesBadWords) {
  const FakeProxy proxy;
  EXPECT_EQ(Report(proxy, {"web/w1", "dwon"}).err,
            "unknown health \"dwon\"; did you mean \"down\"? known: up, degraded, down, unknown\n");
  EXPECT_EQ(Report(proxy, {"web/w1", "up", "--ttl=10"}).err, "--ttl is a duration like 10s, not \"10\"\n");
  EXPECT_EQ(Report(proxy, {"web/w1", "up", "--sequence=-1"}).err, "--sequence is a whole number, not \"-1\"\n");
  EXPECT_EQ(Report(proxy, {"web", "up"}).code, ExitCode::kUsage);
  EXPECT_EQ(Report(proxy, {"web/w1"}).code, ExitCode::kUsage);
}

}  // namespace
}  // namespace fairlead::ctl
