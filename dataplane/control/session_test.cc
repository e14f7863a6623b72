#include "dataplane/control/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/control/fake_workers.h"
#include "dataplane/control/test_support.h"
#include "dataplane/identity/peer.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A peer whose reading and writing the test does by hand.
class FakeWire : public Wire {
 public:
  void Read() override {
    EXPECT_FALSE(reading);
    reading = true;
  }
  void Write(std::shared_ptr<const v1::FromProxy> message) override {
    EXPECT_FALSE(writing);
    writing = true;
    written.push_back(*message);
  }
  void End(const absl::Status& status) override {
    EXPECT_FALSE(ended.has_value());
    ended = status;
  }

  bool reading = false;
  bool writing = false;
  std::vector<v1::FromProxy> written;
  std::optional<absl::Status> ended;
};

class SessionTest : public testing::Test {
 protected:
  explicit SessionTest(FakeWorkers::Adopt adopt = FakeWorkers::Adopt::kAtOnce) : test_(adopt) {
    session_ = std::make_unique<Session>(&test_.core, &test_.timers, &wire_, identity::Peer{.source = "peer"});
  }

  // Starts, and forgets the Hello.
  void Start() {
    session_->Start();
    Drain();
    wire_.written.clear();
  }
  void Say(v1::ToProxy message) {
    ASSERT_TRUE(wire_.reading);
    wire_.reading = false;
    session_->OnRead(std::move(message));
  }
  void SayTransaction(std::string_view text, std::string_view id) {
    v1::ToProxy message;
    *message.mutable_transaction() = ParseTransaction(text);
    message.mutable_transaction()->set_id(std::string(id));
    Say(std::move(message));
  }
  void SayHeartbeat() {
    v1::ToProxy message;
    message.mutable_heartbeat();
    Say(std::move(message));
  }
  void SayGet(std::string_view request_id) {
    v1::ToProxy message;
    message.mutable_get()->set_request_id(std::string(request_id));
    Say(std::move(message));
  }
  void SayWatch(std::string_view request_id, v1::StateFilter filter = {}) {
    v1::ToProxy message;
    message.mutable_watch()->set_request_id(std::string(request_id));
    *message.mutable_watch()->mutable_filter() = std::move(filter);
    Say(std::move(message));
  }
  void SayNoMore() {
    ASSERT_TRUE(wire_.reading);
    wire_.reading = false;
    session_->OnReadEnd();
  }
  // The peer reads all that is written, and what is written then.
  void Drain() {
    while (std::exchange(wire_.writing, false)) session_->OnWritten();
  }
  // Time passes, in steps, while the peer goes on reading.
  void Pass(uint64_t ms) {
    for (uint64_t i = 0; i < ms; i += 100) {
      test_.Advance(100);
      Drain();
    }
  }

  TestCore test_;
  FakeWire wire_;
  std::unique_ptr<Session> session_;
};

class SessionWithSlowWorkers : public SessionTest {
 protected:
  SessionWithSlowWorkers() : SessionTest(FakeWorkers::Adopt::kWhenTold) {}
};

constexpr char kAddBackend[] = R"(operations { upsert_backend { id: "b" } })";
constexpr char kRemoveBackend[] = R"(operations { remove_backend: "b" })";

TEST_F(SessionTest, SaysHelloFirst) {
  test_.Do(SnapshotTransaction(kSmallState));
  session_->Start();
  ASSERT_THAT(wire_.written, SizeIs(1));
  const v1::Hello& hello = wire_.written[0].hello();
  EXPECT_EQ(hello.protocol_version(), 1u);
  EXPECT_EQ(hello.node_id(), "node");
  EXPECT_EQ(hello.zone(), "zone");
  EXPECT_EQ(hello.version(), "0.1.0");
  EXPECT_EQ(hello.revision(), 1u);
  EXPECT_EQ(hello.fingerprint(), test_.core.fingerprint());
  EXPECT_EQ(hello.heartbeat_interval_ms(), 5'000u);
  EXPECT_EQ(hello.heartbeat_timeout_ms(), 15'000u);
  EXPECT_TRUE(wire_.reading);
}

TEST_F(SessionTest, HelloCarriesTheLeaderEpoch) {
  v1::Transaction transaction = SnapshotTransaction("");
  transaction.set_leader_epoch(9);
  test_.Do(transaction);
  session_->Start();
  EXPECT_EQ(wire_.written[0].hello().leader_epoch(), 9u);
}

TEST_F(SessionTest, EveryTransactionHasOneAnswer) {
  Start();
  SayTransaction(kAddBackend, "t1");
  SayTransaction(R"(operations { remove_backend: "x" })", "t2");
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(2));
  EXPECT_EQ(wire_.written[0].applied().transaction_id(), "t1");
  EXPECT_EQ(wire_.written[1].rejected().transaction_id(), "t2");
}

TEST_F(SessionWithSlowWorkers, TakesTheNextMessageWhenTheOneBeforeIsAnswered) {
  Start();
  SayTransaction(kAddBackend, "t1");
  SayGet("after");
  EXPECT_THAT(wire_.written, IsEmpty());
  test_.workers.AdoptNow();
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(2));
  EXPECT_EQ(wire_.written[0].applied().revision(), 1u);
  EXPECT_EQ(wire_.written[1].state_report().revision(), 1u);
}

TEST_F(SessionWithSlowWorkers, ReadsNoMoreWhenTooMuchWaitsAndThenDoesNotCountTheSilence) {
  Start();
  SayTransaction(kAddBackend, "t1");
  for (int i = 0; i < 4; ++i) SayGet("g");
  EXPECT_FALSE(wire_.reading);
  Pass(60'000);
  EXPECT_FALSE(wire_.ended.has_value());
  test_.workers.AdoptNow();
  Drain();
  EXPECT_TRUE(wire_.reading);
  EXPECT_EQ(wire_.written.back().state_report().request_id(), "g");
  Pass(15'100);
  EXPECT_TRUE(wire_.ended.has_value());
}

TEST_F(SessionTest, TakesNoMoreWhenThePeerDoesNotReadItsAnswers) {
  Start();
  while (wire_.reading) SayGet("g");
  EXPECT_THAT(wire_.written, SizeIs(1));
  Drain();
  EXPECT_TRUE(wire_.reading);
  // One is being written, four wait to be, four wait to be taken.
  EXPECT_THAT(wire_.written, SizeIs(9));
}

TEST_F(SessionTest, GetTellsEverything) {
  test_.Do(SnapshotTransaction(kSmallState));
  ASSERT_TRUE(test_.Report("web", "w1", config::Health::kUp).ok());
  test_.Advance(1'000);
  Start();
  SayGet("r1");
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(1));
  const v1::StateReport& report = wire_.written[0].state_report();
  EXPECT_EQ(report.request_id(), "r1");
  EXPECT_EQ(report.revision(), 1u);
  EXPECT_EQ(report.fingerprint(), test_.core.fingerprint());
  EXPECT_FALSE(report.incremental());
  EXPECT_EQ(report.config().SerializeAsString(), ParseSnapshot(kSmallState).SerializeAsString());
  ASSERT_THAT(report.listeners(), SizeIs(1));
  EXPECT_EQ(report.listeners(0).id(), "web");
  EXPECT_EQ(report.listeners(0).bound_address(), test_.core.bound_listeners()[0].address.ToString());
  EXPECT_EQ(report.listeners(0).open_connections(), 6u);
  ASSERT_THAT(report.servers(), SizeIs(3));
  const v1::ServerStatus& w1 = report.servers(0);
  EXPECT_EQ(w1.backend(), "web");
  EXPECT_EQ(w1.server(), "w1");
  EXPECT_EQ(w1.health(), v1::Health::UP);
  EXPECT_TRUE(w1.eligible());
  EXPECT_EQ(w1.decided_by(), "probe");
  EXPECT_EQ(w1.since_ms(), 1'000u);
  EXPECT_EQ(w1.expires_in_ms(), 29'000u);
  EXPECT_EQ(w1.weight(), 5u);
  const v1::ServerStatus& w2 = report.servers(1);
  EXPECT_EQ(w2.health(), v1::Health::DOWN);
  EXPECT_FALSE(w2.eligible());
  EXPECT_EQ(w2.decided_by(), "controller");
  EXPECT_EQ(w2.reason(), "refused");
  EXPECT_EQ(w2.expires_in_ms(), 0u);
  ASSERT_THAT(report.workers(), SizeIs(2));
  EXPECT_EQ(report.workers(1).index(), 1u);
  EXPECT_EQ(report.workers(1).revision(), 1u);
  EXPECT_EQ(report.workers(1).open_connections(), 3u);
}

TEST_F(SessionTest, AFilterLeavesOut) {
  test_.Do(SnapshotTransaction(kSmallState));
  Start();
  v1::ToProxy message;
  message.mutable_get()->mutable_filter()->set_without_status(true);
  message.mutable_get()->mutable_filter()->add_backends("api");
  Say(message);
  message.mutable_get()->mutable_filter()->clear_without_status();
  message.mutable_get()->mutable_filter()->set_without_config(true);
  Say(message);
  Drain();
  const v1::StateReport& config = wire_.written[0].state_report();
  ASSERT_THAT(config.config().backends(), SizeIs(1));
  EXPECT_EQ(config.config().backends(0).id(), "api");
  EXPECT_THAT(config.config().listeners(), SizeIs(1));
  EXPECT_THAT(config.config().route_tables(), SizeIs(1));
  EXPECT_THAT(config.config().health(), IsEmpty());
  EXPECT_THAT(config.servers(), IsEmpty());
  EXPECT_THAT(config.workers(), IsEmpty());
  const v1::StateReport& status = wire_.written[1].state_report();
  EXPECT_FALSE(status.has_config());
  ASSERT_THAT(status.servers(), SizeIs(1));
  EXPECT_EQ(status.servers(0).server(), "a1");
  EXPECT_THAT(status.workers(), SizeIs(2));
}

TEST_F(SessionTest, AWatchTellsEverythingOnceAndThenWhatChanged) {
  test_.Do(SnapshotTransaction(kSmallState));
  Start();
  SayWatch("w");
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(1));
  EXPECT_FALSE(wire_.written[0].state_report().incremental());
  EXPECT_THAT(wire_.written[0].state_report().servers(), SizeIs(3));

  test_.Do(ParseTransaction(R"(
    operations { upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: 7 } } }
    operations { remove_server { backend: "web" server: "w2" } }
  )"));
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(2));
  const v1::StateReport& report = wire_.written[1].state_report();
  EXPECT_EQ(report.request_id(), "w");
  EXPECT_TRUE(report.incremental());
  EXPECT_EQ(report.revision(), 2u);
  ASSERT_THAT(report.config().backends(), SizeIs(1));
  ASSERT_THAT(report.config().backends(0).servers(), SizeIs(1));
  EXPECT_EQ(report.config().backends(0).servers(0).weight(), 7u);
  EXPECT_THAT(report.config().listeners(), IsEmpty());
  ASSERT_THAT(report.servers(), SizeIs(1));
  EXPECT_EQ(report.servers(0).weight(), 7u);
  ASSERT_THAT(report.removed(), SizeIs(2));
  EXPECT_EQ(report.removed(0).kind(), v1::RemovedResource::SERVER);
  EXPECT_EQ(report.removed(0).backend(), "web");
  EXPECT_EQ(report.removed(0).id(), "w2");
  EXPECT_EQ(report.removed(1).kind(), v1::RemovedResource::HEALTH);
}

TEST_F(SessionTest, AWatchTellsOfHealthUnlessItWantsNoStatus) {
  test_.Do(SnapshotTransaction(kSmallState));
  Start();
  SayWatch("all");
  v1::StateFilter filter;
  filter.set_without_status(true);
  SayWatch("config", filter);
  Drain();
  wire_.written.clear();
  ASSERT_TRUE(test_.Report("web", "w1", config::Health::kDown).ok());
  Pass(100);
  ASSERT_THAT(wire_.written, SizeIs(1));
  const v1::StateReport& report = wire_.written[0].state_report();
  EXPECT_EQ(report.request_id(), "all");
  EXPECT_FALSE(report.has_config());
  ASSERT_THAT(report.servers(), SizeIs(1));
  EXPECT_EQ(report.servers(0).health(), v1::Health::DOWN);
}

TEST_F(SessionTest, ARuleForUnknownHealthTellsOfAllServers) {
  test_.Do(SnapshotTransaction(kSmallState));
  Start();
  SayWatch("w");
  Drain();
  wire_.written.clear();
  test_.Do(ParseTransaction(R"(operations { upsert_backend { id: "web" health { unknown_is_eligible: false } } })"));
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(1));
  ASSERT_THAT(wire_.written[0].state_report().servers(), SizeIs(2));
  EXPECT_FALSE(wire_.written[0].state_report().servers(0).eligible());
  EXPECT_THAT(wire_.written[0].state_report().config().backends(0).servers(), IsEmpty());
}

TEST_F(SessionTest, AWatcherThatDoesNotReadGetsOneReportOfManyChanges) {
  Start();
  SayWatch("w");
  for (int i = 0; i < 10; ++i) {
    test_.Do(ParseTransaction(i % 2 == 0 ? kAddBackend : kRemoveBackend));
  }
  test_.Do(ParseTransaction(kAddBackend));
  EXPECT_THAT(wire_.written, SizeIs(1));
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(2));
  EXPECT_EQ(wire_.written[1].state_report().revision(), 11u);
  EXPECT_THAT(wire_.written[1].state_report().config().backends(), SizeIs(1));
  EXPECT_THAT(wire_.written[1].state_report().removed(), IsEmpty());
}

TEST_F(SessionWithSlowWorkers, AWatchHearsOfAChangeWhenEveryWorkerServesIt) {
  Start();
  SayWatch("w");
  Drain();
  test_.Submit(ParseTransaction(kAddBackend));
  Drain();
  EXPECT_THAT(wire_.written, SizeIs(1));
  test_.workers.AdoptNow();
  Drain();
  EXPECT_THAT(wire_.written, SizeIs(2));
}

TEST_F(SessionTest, TooManyWatchesEndTheStream) {
  Start();
  for (int i = 0; i < 17; ++i) {
    SayWatch("w");
    Drain();
  }
  ASSERT_TRUE(wire_.ended.has_value());
  EXPECT_EQ(wire_.ended->code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SessionTest, SendsHeartbeatsWhileItHasNothingElseToSay) {
  Start();
  for (int i = 0; i < 3; ++i) {
    Pass(5'000);
    SayHeartbeat();
  }
  ASSERT_THAT(wire_.written, SizeIs(3));
  EXPECT_EQ(wire_.written[0].heartbeat().sequence(), 1u);
  EXPECT_EQ(wire_.written[2].heartbeat().sequence(), 3u);
  Pass(2'500);
  SayGet("g");
  Drain();
  Pass(4'900);
  EXPECT_THAT(wire_.written, SizeIs(4));
}

TEST_F(SessionTest, DoesNotPileUpHeartbeatsForAPeerThatDoesNotRead) {
  Start();
  for (int i = 0; i < 10; ++i) {
    test_.Advance(5'000);
    SayHeartbeat();
  }
  EXPECT_THAT(wire_.written, SizeIs(1));
}

TEST_F(SessionTest, EndsAStreamOnWhichNothingIsHeard) {
  Start();
  Pass(14'000);
  SayHeartbeat();
  Pass(14'900);
  EXPECT_FALSE(wire_.ended.has_value());
  Pass(200);
  ASSERT_TRUE(wire_.ended.has_value());
  EXPECT_EQ(wire_.ended->code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(wire_.ended->message(), "nothing heard for 15000 ms");
  const size_t written = wire_.written.size();
  Pass(60'000);
  EXPECT_THAT(wire_.written, SizeIs(written));
}

TEST_F(SessionTest, EndsAStreamOnAMessageThatItDoesNotKnow) {
  Start();
  Say(v1::ToProxy());
  ASSERT_TRUE(wire_.ended.has_value());
  EXPECT_EQ(wire_.ended->code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SessionWithSlowWorkers, AnswersWhatWasAskedBeforeThePeerFellSilentForGood) {
  Start();
  SayTransaction(kAddBackend, "t1");
  SayGet("g");
  SayNoMore();
  EXPECT_FALSE(wire_.ended.has_value());
  test_.workers.AdoptNow();
  Drain();
  EXPECT_THAT(wire_.written, SizeIs(2));
  ASSERT_TRUE(wire_.ended.has_value());
  EXPECT_TRUE(wire_.ended->ok());
}

TEST_F(SessionTest, DoesNotWaitForeverForAPeerThatReadsNoAnswers) {
  Start();
  SayGet("g");
  SayNoMore();
  test_.Advance(15'100);
  EXPECT_TRUE(wire_.ended.has_value());
}

TEST_F(SessionWithSlowWorkers, WhatItSubmittedOutlivesIt) {
  Start();
  SayTransaction(kAddBackend, "t1");
  session_.reset();
  test_.workers.AdoptNow();
  EXPECT_EQ(test_.core.revision(), 1u);
  EXPECT_THAT(wire_.written, IsEmpty());
}

v1::ToProxy PrepareBackend(std::string_view id) {
  v1::ToProxy message;
  *message.mutable_prepare()->mutable_transaction() = ParseTransaction(kAddBackend);
  message.mutable_prepare()->mutable_transaction()->set_id(std::string(id));
  return message;
}

v1::ToProxy CommitAt(std::string_view id, uint64_t at_us) {
  v1::ToProxy message;
  message.mutable_commit()->set_transaction_id(std::string(id));
  message.mutable_commit()->set_at_us(at_us);
  return message;
}

v1::ToProxy AbortOf(std::string_view id) {
  v1::ToProxy message;
  message.mutable_abort()->set_transaction_id(std::string(id));
  return message;
}

TEST_F(SessionTest, PreparesAndCommits) {
  Start();
  Say(PrepareBackend("t"));
  SayGet("g");
  Say(CommitAt("t", 0));
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(3));
  EXPECT_EQ(wire_.written[0].prepared().revision(), 1u);
  const v1::Prepared& prepared = wire_.written[1].state_report().prepared();
  EXPECT_EQ(prepared.transaction_id(), "t");
  EXPECT_EQ(prepared.source(), "peer");
  EXPECT_EQ(wire_.written[2].applied().revision(), 1u);
}

TEST_F(SessionTest, TakesOtherMessagesWhileACommitWaitsForItsTime) {
  Start();
  const uint64_t at_us = FakeWorkers::kStartUs + 10'000'000;
  Say(PrepareBackend("t"));
  Say(CommitAt("t", at_us));
  Say(CommitAt("t", at_us));
  SayGet("g");
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(2));
  EXPECT_EQ(wire_.written[1].state_report().prepared().commit_at_us(), at_us);
  wire_.written.clear();
  Pass(10'000);
  ASSERT_THAT(wire_.written, SizeIs(testing::Ge(2u)));
  std::erase_if(wire_.written, [](const v1::FromProxy& message) { return message.has_heartbeat(); });
  ASSERT_THAT(wire_.written, SizeIs(2));
  EXPECT_EQ(wire_.written[0].applied().revision(), 1u);
  EXPECT_EQ(wire_.written[1].applied().revision(), 1u);
}

TEST_F(SessionTest, ACommitThatWaitsCanBeAbortedOnTheSameStream) {
  Start();
  Say(PrepareBackend("t"));
  Say(CommitAt("t", FakeWorkers::kStartUs + 10'000'000));
  Say(AbortOf("t"));
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(3));
  EXPECT_EQ(wire_.written[1].rejected().violations(0).code(), v1::Violation::ABORTED);
  EXPECT_EQ(wire_.written[2].SerializeAsString(), wire_.written[1].SerializeAsString());
}

TEST_F(SessionTest, WhatItPreparedOutlivesIt) {
  Start();
  Say(PrepareBackend("t"));
  Say(CommitAt("t", FakeWorkers::kStartUs + 1'000'000));
  session_.reset();
  EXPECT_TRUE(test_.core.FindPrepared().has_value());
  test_.Advance(1'000);
  EXPECT_EQ(test_.core.revision(), 1u);
}

TEST_F(SessionTest, TooManyCommitsThatWaitEndTheStream) {
  Start();
  Say(PrepareBackend("t"));
  for (int i = 0; i < 5; ++i) Say(CommitAt("t", FakeWorkers::kStartUs + 1'000'000));
  Drain();
  ASSERT_TRUE(wire_.ended.has_value());
  EXPECT_EQ(wire_.ended->code(), absl::StatusCode::kResourceExhausted);
  test_.Advance(1'000);
  EXPECT_EQ(test_.core.revision(), 1u);
}

TEST_F(SessionWithSlowWorkers, TellsTheClockAsOfWhenItWasAsked) {
  Start();
  SayTransaction(kAddBackend, "t1");
  v1::ToProxy message;
  message.mutable_get_clock()->set_request_id("c");
  Say(message);
  test_.Advance(20);
  test_.workers.AdoptNow();
  Drain();
  ASSERT_THAT(wire_.written, SizeIs(2));
  const v1::Clock& clock = wire_.written[1].clock();
  EXPECT_EQ(clock.request_id(), "c");
  EXPECT_EQ(clock.received_us(), FakeWorkers::kStartUs);
  EXPECT_EQ(clock.sent_us(), FakeWorkers::kStartUs + 20'000);
}

}  // namespace
}  // namespace fairlead::control
