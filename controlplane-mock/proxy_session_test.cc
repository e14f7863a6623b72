#include "controlplane-mock/proxy_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "controlplane-mock/fake_proxy.h"
#include "controlplane-mock/recorded_stream.h"
#include "controlplane-mock/test_snapshots.h"

namespace fairlead::controlplane_mock {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// One proxy and the session of its stream. Messages to the proxy wait until Deliver hands them over.
class ProxySessionTest : public testing::Test {
 protected:
  ProxySessionTest() { desired_.Set(SnapshotOfWeight(1)); }

  void Open(const SessionSettings& settings = {}) {
    stream_ = RecordedStream();
    session_ = std::make_unique<ProxySession>(
        settings, &desired_, &mandate_, &ids_, &stream_, [this](const ProxyEvent& event) { events_.push_back(event); },
        now_);
  }
  void Connect(const SessionSettings& settings = {}) {
    Open(settings);
    session_->OnMessage(proxy_.Hello(), now_);
  }
  // Hands over these messages and takes the answers back.
  void Deliver(const std::vector<v1::ToProxy>& messages) {
    for (const v1::ToProxy& message : messages) {
      for (const v1::FromProxy& answer : proxy_.Answer(message)) session_->OnMessage(answer, now_);
    }
  }
  // … until there are none.
  void DeliverAll() {
    for (auto messages = stream_.Take(); !messages.empty(); messages = stream_.Take()) Deliver(messages);
  }
  void Want(v1::Snapshot snapshot) {
    desired_.Set(std::move(snapshot));
    session_->OnDesiredChanged(now_);
  }
  void Pass(milliseconds time) {
    now_ += time;
    session_->OnTime(now_);
  }
  v1::Transaction TakeTransaction() {
    const std::vector<v1::ToProxy> messages = stream_.Take();
    EXPECT_THAT(messages, SizeIs(1));
    return messages.empty() ? v1::Transaction() : messages[0].transaction();
  }
  uint32_t ServedWeight() const { return proxy_.state().backends(0).servers(0).weight(); }
  int CountEvents(ProxyEvent::Kind kind) const {
    return static_cast<int>(
        std::count_if(events_.begin(), events_.end(), [&](const ProxyEvent& event) { return event.kind == kind; }));
  }

  TimePoint now_{};
  DesiredState desired_;
  Mandate mandate_;
  TransactionIds ids_{"test"};
  FakeProxy proxy_{"edge-1"};
  RecordedStream stream_;
  std::vector<ProxyEvent> events_;
  std::unique_ptr<ProxySession> session_;
};

TEST_F(ProxySessionTest, SendsNothingToAProxyThatHasItAll) {
  proxy_.Set(SnapshotOfWeight(1));

  Connect();

  EXPECT_THAT(stream_.Take(), IsEmpty());
  EXPECT_TRUE(session_->up_to_date());
  EXPECT_EQ(events_.back().text, "proxy edge-1 (zone a) connected at revision 1, fingerprint matches: nothing to send");
}

TEST_F(ProxySessionTest, SendsASnapshotToAProxyWhoseStateItDoesNotKnow) {
  proxy_.Set(SnapshotOfWeight(77));

  Connect();

  const v1::Transaction transaction = TakeTransaction();
  EXPECT_TRUE(transaction.has_snapshot());
  EXPECT_FALSE(transaction.has_base_revision());
  EXPECT_FALSE(transaction.has_leader_epoch());
  EXPECT_EQ(transaction.id(), "mock-test-1");
}

TEST_F(ProxySessionTest, SendsTheDifferenceToAProxyThatHasAnEarlierState) {
  proxy_.Set(SnapshotOfWeight(1));
  desired_.Set(SnapshotOfWeight(2));
  desired_.Set(SnapshotOfWeight(3));

  Connect();

  const v1::Transaction transaction = TakeTransaction();
  EXPECT_FALSE(transaction.has_snapshot());
  EXPECT_EQ(transaction.base_revision(), 1);
  ASSERT_THAT(transaction.operations(), SizeIs(1));
  EXPECT_EQ(transaction.operations(0).upsert_server().server().weight(), 3);
}

TEST_F(ProxySessionTest, SendsOnlyWhatChangedSinceTheLastAnswer) {
  Connect();
  DeliverAll();

  Want(SnapshotOfWeight(2));

  const v1::Transaction transaction = TakeTransaction();
  EXPECT_EQ(transaction.base_revision(), 1);
  EXPECT_THAT(transaction.operations(), SizeIs(1));
}

TEST_F(ProxySessionTest, PutsWhatChangesBeforeAnAnswerIntoOneTransaction) {
  Connect();
  const std::vector<v1::ToProxy> first = stream_.Take();
  Want(SnapshotOfWeight(2));
  Want(SnapshotOfWeight(3));
  EXPECT_THAT(stream_.Take(), IsEmpty());

  Deliver(first);

  const std::vector<v1::ToProxy> second = stream_.Take();
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].transaction().base_revision(), 1);
  Deliver(second);
  EXPECT_EQ(ServedWeight(), 3);
  EXPECT_TRUE(session_->up_to_date());
}

TEST_F(ProxySessionTest, TakesAChangeBackThatWasSentAlready) {
  Connect();
  DeliverAll();
  Want(SnapshotOfWeight(2));
  Want(SnapshotOfWeight(1));

  DeliverAll();

  EXPECT_EQ(ServedWeight(), 1);
  EXPECT_EQ(proxy_.revision(), 3);
}

TEST_F(ProxySessionTest, DoesNotRepeatWhatTheProxyRefused) {
  Connect();
  DeliverAll();
  Want(SnapshotOfWeight(1, kBadAddress));
  DeliverAll();

  Pass(milliseconds(500));

  EXPECT_THAT(stream_.Take(), IsEmpty());
  EXPECT_FALSE(session_->up_to_date());
  ASSERT_EQ(events_.back().kind, ProxyEvent::Kind::kRejected);
  EXPECT_THAT(events_.back().violations, SizeIs(1));
  EXPECT_THAT(events_.back().text, HasSubstr("backends[\"web\"].servers[\"w1\"].address: refused (INVALID_ARGUMENT)"));
}

TEST_F(ProxySessionTest, TriesWhatWasRefusedAgainWhenTheFilesAreWrittenAnew) {
  Connect();
  DeliverAll();
  Want(SnapshotOfWeight(1, kBadAddress));
  DeliverAll();

  Want(SnapshotOfWeight(1, kBadAddress));

  EXPECT_THAT(stream_.Take(), SizeIs(1));
}

TEST_F(ProxySessionTest, TriesWhatWasRefusedAgainOnANewStream) {
  Connect();
  DeliverAll();
  Want(SnapshotOfWeight(1, kBadAddress));
  DeliverAll();

  Connect();

  EXPECT_EQ(TakeTransaction().base_revision(), 1);
}

TEST_F(ProxySessionTest, SendsWhatChangedWhileTheRefusalWasOnItsWay) {
  Connect();
  DeliverAll();
  Want(SnapshotOfWeight(1, kBadAddress));
  const std::vector<v1::ToProxy> bad = stream_.Take();
  Want(SnapshotOfWeight(5));

  Deliver(bad);
  DeliverAll();

  EXPECT_EQ(ServedWeight(), 5);
}

TEST_F(ProxySessionTest, AsksForTheStateWhenSomebodyElseHasWrittenAndMakesTheFilesWin) {
  Connect();
  DeliverAll();
  proxy_.Set(SnapshotOfWeight(50));
  Want(SnapshotOfWeight(2));

  Deliver(stream_.Take());
  const std::vector<v1::ToProxy> question = stream_.Take();
  ASSERT_THAT(question, SizeIs(1));
  EXPECT_TRUE(question[0].has_get());
  Deliver(question);
  const v1::Transaction transaction = TakeTransaction();

  EXPECT_FALSE(transaction.has_snapshot());
  EXPECT_EQ(transaction.base_revision(), 2);
  EXPECT_EQ(transaction.operations(0).upsert_server().server().weight(), 2);
}

TEST_F(ProxySessionTest, SendsNothingWhenSomebodyElseWroteTheSame) {
  Connect();
  DeliverAll();
  proxy_.Set(SnapshotOfWeight(2));
  Want(SnapshotOfWeight(2));

  DeliverAll();

  EXPECT_EQ(proxy_.revision(), 2);
  EXPECT_TRUE(session_->up_to_date());
  EXPECT_EQ(CountEvents(ProxyEvent::Kind::kReported), 0);
}

TEST_F(ProxySessionTest, OverwritesWhatSomebodyElseWroteWhenForced) {
  Connect({.force = true});
  DeliverAll();
  proxy_.Set(SnapshotOfWeight(50));
  Want(SnapshotOfWeight(2));

  Deliver(stream_.Take());

  const v1::Transaction transaction = TakeTransaction();
  EXPECT_TRUE(transaction.has_snapshot());
  EXPECT_FALSE(transaction.has_base_revision());
}

// A refusal says which state the proxy has. Taking its revision without its state would make the next difference wrong.
TEST_F(ProxySessionTest, DoesNotBuildOnAnOldStateAfterARefusalShowsAnother) {
  desired_.Set(SnapshotOfWeight(1, kBadAddress));
  Connect();
  Want(SnapshotOfWeight(4));  // while the snapshot, which has no base revision, is on its way
  proxy_.Set(SnapshotOfWeight(50));

  DeliverAll();

  EXPECT_EQ(ServedWeight(), 4);
  EXPECT_TRUE(session_->up_to_date());
}

TEST_F(ProxySessionTest, ReplacesAStateWhoseReportContradictsItsFingerprint) {
  Connect();
  DeliverAll();
  proxy_.Set(SnapshotOfWeight(50));
  Want(SnapshotOfWeight(2));
  Deliver(stream_.Take());
  v1::FromProxy report = proxy_.Answer(stream_.Take()[0])[0];
  report.mutable_state_report()->mutable_config()->mutable_backends(0)->set_id("other");

  session_->OnMessage(report, now_);

  EXPECT_TRUE(TakeTransaction().has_snapshot());
  EXPECT_EQ(CountEvents(ProxyEvent::Kind::kWarning), 1);
}

TEST_F(ProxySessionTest, WarnsOfAnAppliedWithAnotherFingerprintAndGoesOn) {
  Connect();
  v1::FromProxy answer = proxy_.Answer(stream_.Take()[0])[0];
  answer.mutable_applied()->set_fingerprint("0123");

  session_->OnMessage(answer, now_);

  EXPECT_EQ(events_.back().kind, ProxyEvent::Kind::kWarning);
  EXPECT_THAT(stream_.Take(), IsEmpty());
}

TEST_F(ProxySessionTest, WritesUnderItsLeaderEpoch) {
  mandate_.leader_epoch = 7;
  Connect();

  EXPECT_EQ(TakeTransaction().leader_epoch(), 7);
}

TEST_F(ProxySessionTest, ShowsItsEpochToAProxyThatHasTheDesiredStateAndChangesNothing) {
  Connect();
  DeliverAll();
  mandate_.leader_epoch = 7;

  Connect();

  const v1::Transaction transaction = TakeTransaction();
  EXPECT_EQ(transaction.leader_epoch(), 7);
  EXPECT_EQ(transaction.rollback_to(), 1);
  EXPECT_EQ(transaction.base_revision(), 1);
  v1::ToProxy message;
  *message.mutable_transaction() = transaction;
  Deliver({message});
  EXPECT_EQ(proxy_.revision(), 1);
  // Once.
  EXPECT_THAT(stream_.Take(), IsEmpty());
  Connect();
  EXPECT_THAT(stream_.Take(), IsEmpty());
}

TEST_F(ProxySessionTest, FindsOutBeforeItsEpochIsSeenThatAnEarlierLeaderHasWrittenMeanwhile) {
  Connect();
  DeliverAll();
  mandate_.leader_epoch = 7;
  Connect();
  proxy_.Set(SnapshotOfWeight(3));

  DeliverAll();

  EXPECT_EQ(ServedWeight(), 1);
  EXPECT_TRUE(session_->up_to_date());
}

TEST_F(ProxySessionTest, WithoutAMandateSendsHeartbeatsAlone) {
  mandate_.until = now_;
  Connect();
  Want(SnapshotOfWeight(2));
  EXPECT_THAT(stream_.Take(), IsEmpty());

  Pass(seconds(1));

  const std::vector<v1::ToProxy> messages = stream_.Take();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_TRUE(messages[0].has_heartbeat());
}

TEST_F(ProxySessionTest, TakesItUpAgainWhenTheMandateComesBack) {
  mandate_.until = now_;
  Connect();
  mandate_ = {.until = now_ + seconds(5), .leader_epoch = 9};

  session_->OnMandateChanged(now_);
  DeliverAll();

  EXPECT_EQ(ServedWeight(), 1);
}

TEST_F(ProxySessionTest, DoesNotWriteOnceItsMandateIsOverWhateverIsStillToBeDone) {
  mandate_ = {.until = now_ + seconds(5), .leader_epoch = 9};
  Connect();
  Want(SnapshotOfWeight(2));
  const std::vector<v1::ToProxy> messages = stream_.Take();
  now_ += seconds(5);  // a paused process, for instance

  Deliver(messages);

  EXPECT_THAT(stream_.Take(), IsEmpty());
  EXPECT_EQ(ServedWeight(), 1);
}

TEST_F(ProxySessionTest, TriesUnderANewEpochWhatWasRefusedToTheOldOne) {
  mandate_.leader_epoch = 6;
  Connect();
  v1::Transaction of_another;
  of_another.set_id("other");
  of_another.set_leader_epoch(8);
  v1::ToProxy message;
  *message.mutable_transaction() = of_another;
  proxy_.Answer(message);
  DeliverAll();
  EXPECT_EQ(CountEvents(ProxyEvent::Kind::kRejected), 1);
  EXPECT_EQ(events_.back().violations.at(0).code(), v1::Violation::STALE_LEADER_EPOCH);

  mandate_.leader_epoch = 9;
  session_->OnMandateChanged(now_);
  DeliverAll();

  EXPECT_EQ(ServedWeight(), 1);
}

TEST_F(ProxySessionTest, SaysWhatWasAppliedAndHowLongItTook) {
  Connect();
  v1::FromProxy answer = proxy_.Answer(stream_.Take()[0])[0];
  answer.mutable_applied()->set_revision(4);
  answer.mutable_applied()->mutable_duration()->set_nanos(1'200'000);
  answer.mutable_applied()->set_added(1);
  answer.mutable_applied()->set_changed(2);

  session_->OnMessage(answer, now_);

  EXPECT_EQ(events_.back().text, "proxy edge-1: applied revision 4 in 1.2 ms (+1 ~2 -0)");
  EXPECT_EQ(session_->revision(), 4);
}

TEST_F(ProxySessionTest, WarnsOfAnAnswerToNothing) {
  proxy_.Set(SnapshotOfWeight(1));
  Connect();
  v1::FromProxy answer;
  answer.mutable_applied()->set_transaction_id("unheard-of");
  answer.mutable_applied()->set_revision(9);

  session_->OnMessage(answer, now_);

  EXPECT_EQ(events_.back().kind, ProxyEvent::Kind::kWarning);
  EXPECT_EQ(session_->revision(), 1);
}

TEST_F(ProxySessionTest, EndsAStreamThatDoesNotBeginWithHello) {
  Open();
  v1::FromProxy heartbeat;
  heartbeat.mutable_heartbeat();

  session_->OnMessage(heartbeat, now_);

  ASSERT_TRUE(stream_.ended());
  EXPECT_EQ(stream_.end_reason().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ProxySessionTest, EndsAStreamWithASecondHello) {
  Connect();

  session_->OnMessage(proxy_.Hello(), now_);

  EXPECT_TRUE(stream_.ended());
}

TEST_F(ProxySessionTest, EndsAStreamOfAnotherProtocolVersion) {
  Open();
  v1::FromProxy hello = proxy_.Hello();
  hello.mutable_hello()->set_protocol_version(2);

  session_->OnMessage(hello, now_);

  ASSERT_TRUE(stream_.ended());
  EXPECT_EQ(stream_.end_reason().message(), "protocol_version: 2 is not spoken here, only 1");
  EXPECT_THAT(stream_.Take(), IsEmpty());
}

TEST_F(ProxySessionTest, EndsAStreamOfAProxyWithoutAName) {
  Open();
  v1::FromProxy hello = proxy_.Hello();
  hello.mutable_hello()->clear_node_id();

  session_->OnMessage(hello, now_);

  EXPECT_TRUE(stream_.ended());
}

TEST_F(ProxySessionTest, GivesAProxyTenSecondsForHello) {
  Open();
  Pass(milliseconds(9999));
  EXPECT_FALSE(stream_.ended());

  Pass(milliseconds(1));

  ASSERT_TRUE(stream_.ended());
  EXPECT_EQ(stream_.end_reason().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ProxySessionTest, SendsAHeartbeatWhenItHasSaidNothingForTheInterval) {
  proxy_.Set(SnapshotOfWeight(1));
  Connect();
  Pass(milliseconds(600));
  Want(SnapshotOfWeight(2));
  DeliverAll();
  Pass(milliseconds(600));  // only 600 ms since the transaction
  EXPECT_THAT(stream_.Take(), IsEmpty());

  Pass(milliseconds(400));
  Pass(seconds(1));

  const std::vector<v1::ToProxy> messages = stream_.Take();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].heartbeat().sequence(), 1);
  EXPECT_EQ(messages[1].heartbeat().sequence(), 2);
  EXPECT_EQ(session_->NextDeadline(), now_ + seconds(1));
}

TEST_F(ProxySessionTest, GivesAProxyUpThatIsSilentForTheTimeout) {
  Connect();
  DeliverAll();
  Pass(milliseconds(2999));
  EXPECT_FALSE(stream_.ended());

  Pass(milliseconds(1));

  ASSERT_TRUE(stream_.ended());
  EXPECT_EQ(stream_.end_reason().message(), "nothing heard for 3000 ms");
  EXPECT_EQ(session_->NextDeadline(), TimePoint::max());
}

TEST_F(ProxySessionTest, KeepsAProxyThatSendsHeartbeats) {
  Connect();
  v1::FromProxy heartbeat;
  heartbeat.mutable_heartbeat();
  for (int i = 0; i < 10; ++i) {
    Pass(milliseconds(2900));
    session_->OnMessage(heartbeat, now_);
  }

  EXPECT_FALSE(stream_.ended());
}

TEST_F(ProxySessionTest, LeavesAloneWhatATransactionByHandDidUntilTheNextChange) {
  Connect();
  DeliverAll();
  v1::Transaction transaction;
  *transaction.mutable_snapshot() = SnapshotOfWeight(50);
  session_->SendTransaction(transaction, now_);
  DeliverAll();
  EXPECT_EQ(ServedWeight(), 50);

  Want(SnapshotOfWeight(2));
  DeliverAll();

  EXPECT_EQ(ServedWeight(), 2);
  EXPECT_EQ(CountEvents(ProxyEvent::Kind::kReported), 1) << "it had to ask for the state";
}

TEST_F(ProxySessionTest, SendsWhatChangedWhileATransactionByHandWasOnItsWay) {
  Connect();
  DeliverAll();
  v1::Transaction transaction;
  *transaction.mutable_snapshot() = SnapshotOfWeight(50);
  session_->SendTransaction(transaction, now_);
  Want(SnapshotOfWeight(2));

  DeliverAll();

  EXPECT_EQ(ServedWeight(), 2);
}

TEST_F(ProxySessionTest, ADryRunChangesNothingOfWhatItKnows) {
  Connect();
  DeliverAll();
  v1::Transaction transaction;
  transaction.set_dry_run(true);
  session_->SendTransaction(transaction, now_);
  v1::FromProxy answer;
  answer.mutable_applied()->set_transaction_id(TakeTransaction().id());
  answer.mutable_applied()->set_revision(2);
  answer.mutable_applied()->set_dry_run(true);

  session_->OnMessage(answer, now_);

  EXPECT_EQ(session_->revision(), 1);
  EXPECT_TRUE(session_->up_to_date());
}

TEST_F(ProxySessionTest, NeitherSendsNorReadsNorGivesUpWhileItIsSilent) {
  proxy_.Set(SnapshotOfWeight(1));
  Connect();
  session_->FallSilent(seconds(10), now_);
  Want(SnapshotOfWeight(2));
  Pass(milliseconds(9999));
  EXPECT_THAT(stream_.Take(), IsEmpty());
  EXPECT_FALSE(stream_.reading());
  EXPECT_FALSE(stream_.ended());

  Pass(milliseconds(1));

  EXPECT_TRUE(stream_.reading());
  EXPECT_TRUE(TakeTransaction().has_base_revision());
  EXPECT_FALSE(stream_.ended());
}

TEST_F(ProxySessionTest, TellsOfTheEndOfTheStreamWithItsReason) {
  Connect();

  session_->OnClosed(absl::UnavailableError("connection reset"));

  EXPECT_EQ(events_.back().kind, ProxyEvent::Kind::kLost);
  EXPECT_EQ(events_.back().text, "proxy edge-1: stream lost: connection reset");
}

}  // namespace
}  // namespace fairlead::controlplane_mock
