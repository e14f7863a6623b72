#include "dataplane/control/transactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/test_support.h"

namespace fairlead::control {
namespace {

using config::Health;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kNothing[] = "00000000000000000000000000000000";

v1::Transaction Weight(std::string_view server, uint32_t weight) {
  v1::Transaction transaction;
  v1::UpsertServer& upsert = *transaction.add_operations()->mutable_upsert_server();
  upsert.set_backend("web");
  upsert.mutable_server()->set_id(std::string(server));
  upsert.mutable_server()->set_address("127.0.0.1:9001");
  upsert.mutable_server()->set_weight(weight);
  return transaction;
}

v1::Transaction SetHealth(std::string_view server, v1::Health::Status status, std::string_view reason = "") {
  v1::Transaction transaction;
  v1::HealthState& health = *transaction.add_operations()->mutable_set_health();
  health.set_backend("web");
  health.set_server(std::string(server));
  health.set_status(status);
  health.set_reason(std::string(reason));
  return transaction;
}

TEST(Transactor, StartsWithNothing) {
  TestCore test;
  EXPECT_EQ(test.core.revision(), 0u);
  EXPECT_EQ(test.core.fingerprint(), kNothing);
  EXPECT_EQ(test.core.leader_epoch(), 0u);
}

TEST(Transactor, AnswersAppliedOnceEveryWorkerServesIt) {
  TestCore test(FakeWorkers::Adopt::kWhenTold);
  test.Submit(SnapshotTransaction(kSmallState));
  ASSERT_THAT(test.workers.published(), SizeIs(1));
  EXPECT_EQ(test.workers.published()[0].snapshot->revision, 1u);
  EXPECT_THAT(test.answers, IsEmpty());

  test.workers.AdoptNow();
  ASSERT_THAT(test.answers, SizeIs(1));
  const v1::Applied& applied = test.answers[0].applied();
  EXPECT_EQ(applied.transaction_id(), "test-1");
  EXPECT_EQ(applied.revision(), 1u);
  EXPECT_EQ(applied.fingerprint(), test.core.fingerprint());
  EXPECT_NE(applied.fingerprint(), kNothing);
  EXPECT_FALSE(applied.dry_run());
  EXPECT_TRUE(applied.has_duration());
  // A listener, a route table, two backends, three servers, a word on health.
  EXPECT_EQ(applied.added(), 8u);
  EXPECT_EQ(applied.changed(), 0u);
  EXPECT_EQ(applied.removed(), 0u);
}

TEST(Transactor, CountsWhatWasAddedChangedAndRemoved) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  v1::Transaction transaction = Weight("w1", 7);
  transaction.MergeFrom(Weight("w3", 1));
  v1::ServerRef& gone = *transaction.add_operations()->mutable_remove_server();
  gone.set_backend("web");
  gone.set_server("w2");  // and the word on its health
  const v1::Applied applied = test.Do(transaction).applied();
  EXPECT_EQ(applied.added(), 1u);
  EXPECT_EQ(applied.changed(), 1u);
  EXPECT_EQ(applied.removed(), 2u);
}

TEST(Transactor, TakesTransactionsOneAfterAnother) {
  TestCore test(FakeWorkers::Adopt::kWhenTold);
  test.Submit(SnapshotTransaction(kSmallState));
  test.Submit(Weight("w1", 7));
  test.Submit(Weight("w9", 70'000));
  EXPECT_THAT(test.workers.published(), SizeIs(1));
  test.workers.AdoptNow();
  EXPECT_THAT(test.workers.published(), SizeIs(2));
  EXPECT_THAT(test.answers, SizeIs(1));
  test.workers.AdoptNow();
  ASSERT_THAT(test.answers, SizeIs(3));
  EXPECT_EQ(test.answers[1].applied().revision(), 2u);
  EXPECT_EQ(test.answers[2].rejected().revision(), 2u);
}

TEST(Transactor, ATransactionThatChangesNothingKeepsTheRevision) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  const v1::Applied applied = test.Do(SnapshotTransaction(kSmallState)).applied();
  EXPECT_EQ(applied.revision(), 1u);
  EXPECT_EQ(applied.fingerprint(), test.core.fingerprint());
  EXPECT_EQ(applied.added() + applied.changed() + applied.removed(), 0u);
  EXPECT_THAT(test.workers.published(), SizeIs(1));
}

TEST(Transactor, TheSameIdAgainGetsTheFirstAnswerAndDoesNothing) {
  TestCore test;
  v1::Transaction first = SnapshotTransaction(kSmallState);
  first.set_id("first");
  const v1::FromProxy answer = test.Do(first);
  test.Do(Weight("w1", 7));
  EXPECT_EQ(test.Do(first).SerializeAsString(), answer.SerializeAsString());
  EXPECT_EQ(test.core.revision(), 2u);

  v1::Transaction bad = Weight("w1", 70'000);
  bad.set_id("bad");
  const v1::FromProxy rejected = test.Do(bad);
  test.Do(Weight("w1", 8));
  EXPECT_EQ(test.Do(bad).SerializeAsString(), rejected.SerializeAsString());
}

TEST(Transactor, TheSameIdWithOtherContentsIsRejected) {
  TestCore test;
  v1::Transaction transaction = SnapshotTransaction(kSmallState);
  transaction.set_id("t");
  test.Do(transaction);
  transaction.set_comment("other");
  const v1::FromProxy answer = test.Do(transaction);
  EXPECT_THAT(TestCore::ViolationsOf(answer),
              ElementsAre("ID_REUSED id: used already, for a transaction with other contents"));
  EXPECT_EQ(answer.rejected().transaction_id(), "t");
  EXPECT_EQ(answer.rejected().revision(), 1u);
  EXPECT_EQ(answer.rejected().fingerprint(), test.core.fingerprint());
  // And the first is still what is remembered.
  transaction.clear_comment();
  EXPECT_EQ(test.Do(transaction).applied().revision(), 1u);
}

TEST(Transactor, RemembersTheLast4096Ids) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  v1::Transaction oldest = Weight("w1", 7);
  oldest.set_id("oldest");
  test.Do(oldest);
  for (int i = 0; i < 4'095; ++i) test.Do(SnapshotTransaction(kSmallState));
  EXPECT_EQ(test.Do(oldest).applied().changed(), 1u);  // the answer of then; now it would be none
  test.Do(SnapshotTransaction(kSmallState));
  const uint64_t revision = test.core.revision();
  EXPECT_EQ(test.Do(oldest).applied().revision(), revision + 1);
}

TEST(Transactor, AnIdIsRequired) {
  TestCore test;
  v1::Transaction transaction = SnapshotTransaction("");
  transaction.set_id(std::string(129, 'x'));
  EXPECT_THAT(TestCore::ViolationsOf(test.Do(transaction)), ElementsAre("INVALID_ARGUMENT id: not 1 to 128 bytes"));
  test.core.SubmitTransaction(SnapshotTransaction(""), [&](std::shared_ptr<const v1::FromProxy> answer) {
    EXPECT_THAT(TestCore::ViolationsOf(*answer), ElementsAre("INVALID_ARGUMENT id: not 1 to 128 bytes"));
  });
}

TEST(Transactor, ABaseRevisionOtherThanTheOneServedIsRejected) {
  TestCore test;
  v1::Transaction transaction = SnapshotTransaction(kSmallState);
  transaction.set_base_revision(0);
  EXPECT_EQ(test.Do(transaction).applied().revision(), 1u);
  v1::Transaction late = Weight("w1", 7);
  late.set_base_revision(0);
  EXPECT_THAT(TestCore::ViolationsOf(test.Do(late)),
              ElementsAre("STALE_BASE_REVISION base_revision: 0 is not 1, which is being served"));
  EXPECT_EQ(test.core.revision(), 1u);
}

TEST(Transactor, ADeposedLeaderCannotWrite) {
  TestCore test;
  v1::Transaction of_five = SnapshotTransaction(kSmallState);
  of_five.set_leader_epoch(5);
  test.Do(of_five);
  EXPECT_EQ(test.core.leader_epoch(), 5u);
  v1::Transaction of_four = Weight("w1", 7);
  of_four.set_leader_epoch(4);
  EXPECT_THAT(TestCore::ViolationsOf(test.Do(of_four)),
              ElementsAre("STALE_LEADER_EPOCH leader_epoch: 4 is below 5, the highest seen"));
  // An operator's tool has none, and writes.
  EXPECT_EQ(test.Do(Weight("w1", 7)).applied().revision(), 2u);
  // A dry run of the next leader does not depose this one.
  v1::Transaction dry_run = Weight("w1", 8);
  dry_run.set_leader_epoch(6);
  dry_run.set_dry_run(true);
  test.Do(dry_run);
  EXPECT_EQ(test.core.leader_epoch(), 5u);
}

TEST(Transactor, ADryRunAnswersAsIfAndChangesNothing) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  const std::shared_ptr<const config::Snapshot> before = test.core.snapshot();
  v1::Transaction dry_run = Weight("w1", 7);
  dry_run.set_dry_run(true);
  const v1::Applied would_be = test.Do(dry_run).applied();
  EXPECT_TRUE(would_be.dry_run());
  EXPECT_EQ(would_be.revision(), 2u);
  EXPECT_EQ(would_be.changed(), 1u);
  EXPECT_EQ(test.core.snapshot(), before);
  EXPECT_THAT(test.workers.published(), SizeIs(1));

  EXPECT_EQ(test.Do(Weight("w1", 7)).applied().fingerprint(), would_be.fingerprint());
  v1::Transaction nothing = Weight("w1", 7);
  nothing.set_dry_run(true);
  EXPECT_EQ(test.Do(nothing).applied().revision(), 2u);
}

TEST(Transactor, WhoeverLeftIsNotAnswered) {
  TestCore test(FakeWorkers::Adopt::kWhenTold);
  const auto never = [](std::shared_ptr<const v1::FromProxy>) { FAIL(); };
  v1::Transaction first = SnapshotTransaction(kSmallState);
  first.set_id("first");
  const uint64_t under_way = test.core.SubmitTransaction(first, never);
  v1::Transaction second = Weight("w1", 7);
  second.set_id("second");
  const uint64_t waiting = test.core.SubmitTransaction(second, never);
  test.core.ForgetAnswer(under_way);
  test.core.ForgetAnswer(waiting);
  test.workers.AdoptNow();
  test.workers.AdoptNow();
  EXPECT_EQ(test.core.revision(), 2u);
}

TEST(Transactor, ATransactionSubmittedFromAnAnswerIsTaken) {
  TestCore test;
  v1::Transaction first = SnapshotTransaction(kSmallState);
  first.set_id("first");
  test.core.SubmitTransaction(first, [&](std::shared_ptr<const v1::FromProxy>) { test.Submit(Weight("w1", 7)); });
  ASSERT_THAT(test.answers, SizeIs(1));
  EXPECT_EQ(test.answers[0].applied().revision(), 2u);
}

TEST(TransactorHealth, TheControllersWordIsInTheSameSnapshotAsTheRest) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  ASSERT_THAT(test.workers.published(), SizeIs(1));
  EXPECT_EQ(test.PublishedHealth("web", "w2"), Health::kDown);
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kUnknown);
  EXPECT_EQ(test.core.health().Find("web", "w2")->reason, "refused");

  v1::Transaction transaction = SetHealth("w2", v1::Health::DEGRADED);
  transaction.MergeFrom(Weight("w2", 7));
  test.Do(transaction);
  ASSERT_THAT(test.workers.published(), SizeIs(2));
  EXPECT_THAT(test.workers.published()[1].changes.servers, SizeIs(1));
  EXPECT_EQ(test.PublishedHealth("web", "w2"), Health::kDegraded);

  test.Do(SetHealth("w2", v1::Health::UNKNOWN));
  EXPECT_EQ(test.PublishedHealth("web", "w2"), Health::kUnknown);
  EXPECT_EQ(test.core.health().controller_word("web", "w2"), Health::kUnknown);
}

TEST(TransactorHealth, AServersHealthOutlivesItsChanges) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  ASSERT_TRUE(test.Report("web", "w1", Health::kUp).ok());
  test.Advance(10);
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kUp);
  test.Do(Weight("w1", 7));
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kUp);
}

TEST(TransactorHealth, ReportsGoOutTogetherUnderTheSameRevision) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  const std::string fingerprint = test.core.fingerprint();
  ASSERT_TRUE(test.Report("web", "w1", Health::kDown).ok());
  ASSERT_TRUE(test.Report("api", "a1", Health::kUp).ok());
  ASSERT_TRUE(test.Report("web", "w1", Health::kUp).ok());
  EXPECT_THAT(test.workers.published(), SizeIs(1));
  test.Advance(10);
  ASSERT_THAT(test.workers.published(), SizeIs(2));
  EXPECT_EQ(test.workers.published()[1].snapshot->revision, 1u);
  EXPECT_THAT(test.workers.published()[1].changes.servers, SizeIs(2));
  EXPECT_THAT(test.workers.published()[1].changes.backends, IsEmpty());
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kUp);
  EXPECT_EQ(test.core.fingerprint(), fingerprint);
}

TEST(TransactorHealth, AChangeThatCameToNothingIsNotPublished) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  ASSERT_TRUE(test.Report("web", "w1", Health::kDown).ok());
  ASSERT_TRUE(test.Report("web", "w1", Health::kUnknown).ok());
  test.Advance(10);
  EXPECT_THAT(test.workers.published(), SizeIs(1));
}

TEST(TransactorHealth, AReportEndsWithItsLease) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  ASSERT_TRUE(test.Report("web", "w1", Health::kDown).ok());
  test.Advance(10);
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kDown);
  test.Advance(30'010);
  test.Advance(10);
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kUnknown);
}

TEST(TransactorHealth, OnePublicationAtATimeAndLaterChangesGoTogether) {
  TestCore test(FakeWorkers::Adopt::kWhenTold);
  test.Submit(SnapshotTransaction(kSmallState));
  ASSERT_TRUE(test.Report("web", "w1", Health::kUp).ok());
  test.Advance(10);
  ASSERT_TRUE(test.Report("api", "a1", Health::kUp).ok());
  test.Advance(10);
  EXPECT_THAT(test.workers.published(), SizeIs(1));
  test.workers.AdoptNow();
  ASSERT_THAT(test.workers.published(), SizeIs(2));
  EXPECT_THAT(test.workers.published()[1].changes.servers, SizeIs(2));
  test.workers.AdoptNow();
  EXPECT_FALSE(test.workers.adopting());
}

TEST(TransactorHealth, ATransactionTakesWaitingChangesAlong) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  ASSERT_TRUE(test.Report("web", "w1", Health::kUp).ok());
  ASSERT_TRUE(test.Report("web", "w2", Health::kUp).ok());
  v1::Transaction transaction = Weight("w1", 7);
  v1::ServerRef& gone = *transaction.add_operations()->mutable_remove_server();
  gone.set_backend("web");
  gone.set_server("w2");
  test.Do(transaction);
  ASSERT_THAT(test.workers.published(), SizeIs(2));
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kUp);
  EXPECT_THAT(test.workers.published()[1].changes.servers, SizeIs(2));
  test.Advance(100);
  EXPECT_THAT(test.workers.published(), SizeIs(2));
}

TEST(TransactorHealth, AServerThatComesAgainIsUnknown) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  ASSERT_TRUE(test.Report("web", "w1", Health::kDown).ok());
  test.Advance(10);
  test.Do(ParseTransaction(R"(operations { remove_server { backend: "web" server: "w1" } })"));
  EXPECT_FALSE(test.Report("web", "w1", Health::kDown).ok());
  test.Do(Weight("w1", 5));
  EXPECT_EQ(test.PublishedHealth("web", "w1"), Health::kUnknown);
  EXPECT_TRUE(test.Report("web", "w1", Health::kDown).ok());
}

TEST(TransactorHealth, ABackendsServersAreKnownToReportersForAsLongAsItExists) {
  TestCore test;
  test.Do(SnapshotTransaction(kSmallState));
  test.Do(SnapshotTransaction(R"(backends { id: "api" servers { id: "a2" address: "127.0.0.1:9003" } })"));
  EXPECT_FALSE(test.Report("web", "w1", Health::kUp).ok());
  EXPECT_FALSE(test.Report("api", "a1", Health::kUp).ok());
  EXPECT_TRUE(test.Report("api", "a2", Health::kUp).ok());
}

}  // namespace
}  // namespace fairlead::control
