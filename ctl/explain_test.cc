#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kNowMs = 1'795'689'067'500;  // 2026-11-26T10:31:07.5Z

// Held UP by min_up, though two reporters of different domains say DOWN.
v1::Explanation HeldServer() {
  v1::Explanation told;
  told.set_backend("web");
  told.set_server("w1");
  told.set_revision(14);
  told.set_time_ms(kNowMs);
  told.set_admin_state(v1::Server::READY);
  told.set_weight(100);
  told.set_eligible(true);
  told.set_health(v1::Health::UP);
  told.set_decided_by("probe-b");
  told.set_reason("held by min_up, would be DOWN");
  told.set_since_ms(7'000);
  told.set_since_revision(12);
  told.set_rule("DOWN by 2 votes from 2 failure domains, UP by 1 vote; min_up 10s");
  v1::Explanation::Vote& down = *told.add_votes();
  down.set_reporter("probe-a");
  down.set_failure_domain("zone-1");
  down.set_weight(2);
  down.set_vote(v1::Health::DOWN);
  down.set_said(v1::Health::DOWN);
  down.set_age_ms(350);
  down.set_left_ms(29'650);
  down.set_incarnation(3);
  down.set_sequence(7);
  down.set_counts(true);
  down.set_reason("refused");
  v1::Explanation::Vote& silent = *told.add_votes();
  silent.set_reporter("probe-b");
  silent.set_weight(1);
  silent.set_said(v1::Health::DOWN);
  silent.set_in_a_row(1);
  silent.set_in_a_row_needed(3);
  silent.set_age_ms(65'000);
  silent.set_why_not("its lease ended 35s ago");
  told.mutable_down()->set_votes(2);
  told.mutable_down()->set_failure_domains(1);
  told.set_votes_say(v1::Health::DOWN);
  told.set_held_by("min_up");
  told.set_would_be(v1::Health::DOWN);
  told.set_held_ms(3'000);
  told.add_would_change("DOWN in 3s, when min_up is over");
  told.add_would_change("UNKNOWN in 29s, if nobody reports any more");
  v1::Explanation::Decision& decision = *told.add_decisions();
  decision.set_ago_ms(7'000);
  decision.set_from(v1::Health::UNKNOWN);
  decision.set_to(v1::Health::UP);
  decision.set_revision(12);
  decision.set_decided_by("probe-b");
  return told;
}

TEST(Explain, ShowsDecisionRuleVotesAndWhatWasBefore) {
  FakeProxy proxy;
  proxy.SetExplanation(HeldServer());
  const Outcome outcome = RunForTest(proxy, {"explain", "web/w1"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(
      outcome.out,
      "SERVER   HEALTH   SINCE   AT_REVISION   BY        ADMIN_STATE   WEIGHT   ELIGIBLE   REASON\n"
      "web/w1   UP          7s            12   probe-b   READY            100   yes        held by min_up, would be "
      "DOWN\n"
      "\n"
      "rule          DOWN by 2 votes from 2 failure domains, UP by 1 vote; min_up 10s\n"
      "votes say     DOWN (DOWN: 2 votes from 1 failure domain; UP: 0 votes)\n"
      "held          by min_up, would be DOWN, for another 3s\n"
      "would change  DOWN in 3s, when min_up is over\n"
      "              UNKNOWN in 29s, if nobody reports any more\n"
      "\n"
      "REPORTER   DOMAIN   WEIGHT   VOTE                      AGE   LEFT   INCARNATION   SEQUENCE   COUNTS            "
      "            REASON\n"
      "probe-a    zone-1        2   DOWN                    350ms    29s             3          7   yes               "
      "            refused\n"
      "probe-b    -             1   abstains, 1 of 3 DOWN    1m5s      -             0          0   no: its lease "
      "ended 35s ago   -\n"
      "\n"
      "DECIDED                AGO   FROM      TO   AT_REVISION   BY\n"
      "2026-11-26T10:31:00Z    7s   UNKNOWN   UP            12   probe-b\n");
}

TEST(Explain, ShowsWhatHoldsADecisionBack) {
  FakeProxy proxy;
  v1::Explanation told = HeldServer();
  told.set_held_by("fail_safe");
  told.set_held_ms(0);
  told.set_penalty(1'800.7);
  told.set_suppressed(true);
  told.mutable_fail_safe()->set_in_service(10);
  told.mutable_fail_safe()->set_limit(3);
  told.mutable_fail_safe()->set_taken(3);
  told.mutable_fail_safe()->set_held(1);
  told.mutable_controller()->set_health(v1::Health::UP);
  told.mutable_controller()->set_age_ms(5'000);
  told.mutable_controller()->set_overruled(true);
  told.mutable_controller()->set_reason("it was looked at");
  proxy.SetExplanation(told);
  const std::string out = RunForTest(proxy, {"explain", "web/w1"}).out;
  EXPECT_THAT(out, HasSubstr("controller    UP, said 5s ago, overruled by later votes: it was looked at\n"));
  EXPECT_THAT(out, HasSubstr("held          by fail_safe, would be DOWN\n"));
  EXPECT_THAT(out, HasSubstr("damping       penalty 1800, once DOWN it stays so\n"));
  EXPECT_THAT(out, HasSubstr("fail-safe     3 of 10 servers out by reports, at most 3; 1 decision held back\n"));
}

TEST(Explain, SaysWhyAServerIsNotPicked) {
  FakeProxy proxy;
  v1::Explanation told = HeldServer();
  told.set_eligible(false);
  told.set_admin_state(v1::Server::DRAIN);
  proxy.SetExplanation(told);
  EXPECT_THAT(RunForTest(proxy, {"explain", "web/w1"}).out, HasSubstr("no: DRAIN"));
  told.set_admin_state(v1::Server::READY);
  told.set_weight(0);
  proxy.SetExplanation(told);
  EXPECT_THAT(RunForTest(proxy, {"explain", "web/w1"}).out, HasSubstr("no: weight 0"));
  told.set_weight(1);
  told.set_health(v1::Health::DOWN);
  proxy.SetExplanation(told);
  EXPECT_THAT(RunForTest(proxy, {"explain", "web/w1"}).out, HasSubstr("no: DOWN"));
}

TEST(Explain, OfAServerThatNobodySpokeOfIsShort) {
  FakeProxy proxy;
  v1::Explanation told;
  told.set_backend("web");
  told.set_server("w1");
  told.set_weight(1);
  told.set_eligible(true);
  told.set_rule("the word that came last");
  proxy.SetExplanation(told);
  const std::string out = RunForTest(proxy, {"explain", "web/w1"}).out;
  EXPECT_THAT(out, HasSubstr("votes say     nothing (DOWN: 0 votes; UP: 0 votes)\n"));
  EXPECT_THAT(out, Not(HasSubstr("REPORTER")));
  EXPECT_THAT(out, Not(HasSubstr("DECIDED")));
}

TEST(Explain, LetsNoReporterMoveTheCursor) {
  FakeProxy proxy;
  v1::Explanation told = HeldServer();
  told.mutable_votes(0)->set_reason("\x1b[2J");
  told.set_rule("\x1b[2J");
  proxy.SetExplanation(told);
  EXPECT_THAT(RunForTest(proxy, {"explain", "web/w1"}).out, Not(HasSubstr("\x1b")));
}

TEST(Explain, ForProgramsHasEveryFieldEvenZeros) {
  FakeProxy proxy;
  proxy.SetExplanation(HeldServer());
  const Outcome outcome = RunForTest(proxy, {"explain", "web/w1", "--output=json"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"would_be\": \"DOWN\""));
  EXPECT_THAT(outcome.out, HasSubstr("\"suppressed\": false"));
  EXPECT_THAT(outcome.out, HasSubstr("\"since_revision\": \"12\""));
  EXPECT_THAT(RunForTest(proxy, {"explain", "web/w1", "-o", "yaml"}).out, HasSubstr("held_by: min_up"));
}

TEST(Explain, SaysWhatIsNotThereAndWhatMayHaveBeenMeant) {
  FakeProxy proxy;
  proxy.SetState(StateForTest("backends: [{id: web, servers: [{id: worker-1}]}]"));
  const Outcome backend = RunForTest(proxy, {"explain", "wbe/worker-1"});
  EXPECT_EQ(backend.code, ExitCode::kRejected);
  EXPECT_EQ(backend.err, "no backend \"wbe\"; did you mean \"web\"? see fairleadctl get backends\n");
  const Outcome server = RunForTest(proxy, {"explain", "web/worker1"});
  EXPECT_EQ(server.code, ExitCode::kRejected);
  EXPECT_EQ(server.err, "no server \"web/worker1\"; did you mean \"worker-1\"? see fairleadctl get servers web\n");
}

TEST(Explain, TakesOneServer) {
  const FakeProxy proxy;
  EXPECT_EQ(RunForTest(proxy, {"explain"}).code, ExitCode::kUsage);
  EXPECT_EQ(RunForTest(proxy, {"explain"}).err, "too few arguments; usage: fairleadctl explain BACKEND/SERVER\n");
  EXPECT_EQ(RunForTest(proxy, {"explain", "web"}).err, "expected BACKEND/SERVER, not \"web\"\n");
  EXPECT_EQ(RunForTest(proxy, {"explain", "web/w1", "web/w2"}).code, ExitCode::kUsage);
}

}  // namespace
}  // namespace fairlead::ctl
