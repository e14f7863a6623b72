#include "dataplane/control/health_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/control/fake_workers.h"
#include "dataplane/control/test_support.h"
#include "dataplane/health/speaker.h"

namespace fairlead::control {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class HealthReports : public testing::Test {
 protected:
  HealthReports() { test_.Do(SnapshotTransaction(kSmallState)); }

  static v1::HealthReport Good() {
    v1::HealthReport report;
    report.set_backend("web");
    report.set_server("w1");
    report.set_status(v1::Health::DEGRADED);
    report.set_reporter("probe");
    return report;
  }
  v1::HealthReportAnswer Take(v1::HealthReport report) {
    v1::HealthReportBatch batch;
    *batch.add_reports() = std::move(report);
    return TakeAll(std::move(batch));
  }
  int TakeSome(int most, HealthBatch& batch) { return batch.TakeSome(most, speaker_, test_.core.health()); }
  v1::HealthReportAnswer TakeAll(v1::HealthReportBatch message) {
    HealthBatch batch(std::move(message));
    TakeSome(INT_MAX, batch);
    EXPECT_TRUE(batch.done());
    return batch.TakeAnswer();
  }
  // The one error in the answer to the report.
  std::string Refusal(v1::HealthReport report) {
    const v1::HealthReportAnswer answer = Take(std::move(report));
    EXPECT_EQ(answer.accepted(), 0u);
    return answer.errors_size() == 1 ? answer.errors(0).message() : "";
  }

  TestCore test_;
  health::Speaker speaker_{&test_.core.health().reporters(), {}};
};

TEST_F(HealthReports, EveryFieldReachesTheTable) {
  v1::HealthReport report = Good();
  report.set_incarnation(3);
  report.set_sequence(7);
  report.mutable_ttl()->set_seconds(5);
  report.set_reason("slow");
  EXPECT_EQ(Take(report).accepted(), 1u);
  const health::Decision decision = *test_.core.health().Find("web", "w1");
  EXPECT_EQ(decision.health, config::Health::kDegraded);
  EXPECT_EQ(decision.decided_by, "probe");
  EXPECT_EQ(decision.reason, "slow");
  EXPECT_EQ(decision.expires_ms - test_.timers.now_ms(), 5'000u);

  EXPECT_NE(Refusal(report).find("stale"), std::string::npos);  // the same sequence
  report.set_sequence(8);
  report.set_incarnation(2);
  EXPECT_NE(Refusal(report).find("stale"), std::string::npos);
}

TEST_F(HealthReports, AReportLivesThirtySecondsUnlessItSaysOtherwise) {
  Take(Good());
  EXPECT_EQ(test_.core.health().Find("web", "w1")->expires_ms - test_.timers.now_ms(), 30'000u);
}

TEST_F(HealthReports, LifetimesOutOfTheirLimitsAreRefused) {
  for (const auto& [seconds, nanos] : std::vector<std::pair<int64_t, int32_t>>{
           {0, 0}, {0, 9'999'999}, {-1, 0}, {0, -20'000'000}, {86'400, 1'000'000}, {INT64_MAX, 0}, {INT64_MIN, 0}}) {
    v1::HealthReport report = Good();
    report.mutable_ttl()->set_seconds(seconds);
    report.mutable_ttl()->set_nanos(nanos);
    EXPECT_NE(Refusal(report).find("want 10ms to 24h"), std::string::npos) << seconds << "s " << nanos;
  }
}

TEST_F(HealthReports, UnknownStatusIsRefusedWithTheKnownOnes) {
  v1::HealthReport report = Good();
  report.set_status(static_cast<v1::Health::Status>(4));
  EXPECT_EQ(Refusal(report), "status: unknown value 4; want UNKNOWN, UP, DEGRADED or DOWN");
}

TEST_F(HealthReports, GoodOnesInABatchAreTakenAndTheOthersNamedByTheirPlace) {
  v1::HealthReportBatch batch;
  batch.set_batch_id(42);
  *batch.add_reports() = Good();
  *batch.add_reports() = Good();
  batch.mutable_reports(1)->set_server("w9");
  *batch.add_reports() = Good();
  const v1::HealthReportAnswer answer = TakeAll(batch);
  EXPECT_EQ(answer.batch_id(), 42u);
  EXPECT_EQ(answer.accepted(), 2u);
  ASSERT_THAT(answer.errors(), SizeIs(1));
  EXPECT_EQ(answer.errors(0).index(), 1u);
  EXPECT_EQ(answer.errors(0).message(), "server \"web/w9\": no such server");
}

TEST_F(HealthReports, ABatchIsTakenSomeAtATimeInItsOrder) {
  v1::HealthReportBatch message;
  message.set_batch_id(7);
  for (uint64_t sequence = 1; sequence <= 6; ++sequence) {
    *message.add_reports() = Good();
    message.mutable_reports()->rbegin()->set_sequence(sequence);
  }
  message.mutable_reports(1)->set_server("w9");
  message.mutable_reports(4)->set_server("w9");
  HealthBatch batch(std::move(message));
  const health::HealthTable& table = test_.core.health();
  EXPECT_EQ(TakeSome(3, batch), 3);
  EXPECT_FALSE(batch.done());
  EXPECT_EQ(table.reports_accepted(), 2u);
  EXPECT_EQ(TakeSome(1, batch), 1);
  EXPECT_EQ(table.reports_accepted(), 3u);
  EXPECT_EQ(TakeSome(3, batch), 2);
  EXPECT_TRUE(batch.done());
  EXPECT_EQ(TakeSome(3, batch), 0);
  // Had they been taken in another order, some would be stale.
  const v1::HealthReportAnswer answer = batch.TakeAnswer();
  EXPECT_EQ(answer.batch_id(), 7u);
  EXPECT_EQ(answer.accepted(), 4u);
  ASSERT_THAT(answer.errors(), SizeIs(2));
  EXPECT_EQ(answer.errors(0).index(), 1u);
  EXPECT_EQ(answer.errors(1).index(), 4u);
}

TEST_F(HealthReports, ABatchThatIsTooLongIsRefusedWhole) {
  v1::HealthReportBatch batch;
  for (int i = 0; i < 10'000; ++i) *batch.add_reports() = Good();
  EXPECT_THAT(TakeAll(batch).errors(), IsEmpty());
  *batch.add_reports() = Good();
  const v1::HealthReportAnswer answer = TakeAll(batch);
  EXPECT_EQ(answer.accepted(), 0u);
  ASSERT_THAT(answer.errors(), SizeIs(1));
  EXPECT_EQ(answer.errors(0).index(), 10'000u);
  EXPECT_EQ(answer.errors(0).message(), "10001 reports: refused as a whole; want at most 10000 in a batch");
}

TEST_F(HealthReports, AnEmptyBatchIsAnsweredToo) {
  v1::HealthReportBatch batch;
  batch.set_batch_id(3);
  const v1::HealthReportAnswer answer = TakeAll(batch);
  EXPECT_EQ(answer.batch_id(), 3u);
  EXPECT_EQ(answer.accepted(), 0u);
}

}  // namespace
}  // namespace fairlead::control
