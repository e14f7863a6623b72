#include "controlplane-mock/misbehaviour.h"

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

using testing::IsEmpty;
using testing::SizeIs;

// A proxy that is up to date, at revision 1.
class MisbehaviourTest : public testing::Test {
 protected:
  MisbehaviourTest() {
    desired_.Set(SnapshotOfWeight(1));
    session_ = std::make_unique<ProxySession>(
        SessionSettings{}, &desired_, &mandate_, &ids_, &stream_,
        [this](const ProxyEvent& event) { events_.push_back(event); }, now_);
    session_->OnMessage(proxy_.Hello(), now_);
    Deliver(stream_.Take());
    events_.clear();
  }

  void Do(Misbehaviour::Kind kind, uint32_t count = 0) {
    Misbehaviour misbehaviour;
    misbehaviour.set_kind(kind);
    misbehaviour.set_count(count);
    Misbehave(misbehaviour, *session_, now_);
  }
  void Deliver(const std::vector<v1::ToProxy>& messages) {
    for (const v1::ToProxy& message : messages) {
      for (const v1::FromProxy& answer : proxy_.Answer(message)) session_->OnMessage(answer, now_);
    }
  }
  // What the proxy said to the last message that it answered.
  std::vector<v1::Violation> LastViolations() const { return events_.back().violations; }

  TimePoint now_{};
  DesiredState desired_;
  Mandate mandate_;
  TransactionIds ids_{"test"};
  FakeProxy proxy_{"edge-1"};
  RecordedStream stream_;
  std::vector<ProxyEvent> events_;
  std::unique_ptr<ProxySession> session_;
};

TEST_F(MisbehaviourTest, DropStreamEndsItWithoutAWord) {
  Do(Misbehaviour::DROP_STREAM);

  EXPECT_TRUE(stream_.was_cut());
  EXPECT_FALSE(stream_.ended());
  EXPECT_THAT(stream_.Take(), IsEmpty());
}

TEST_F(MisbehaviourTest, RepeatIdSendsTheLastTransactionAsItWas) {
  const v1::Transaction last = *session_->last_transaction();

  Do(Misbehaviour::REPEAT_ID);

  const std::vector<v1::ToProxy> messages = stream_.Take();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].transaction().SerializeAsString(), last.SerializeAsString());
  Deliver(messages);
  EXPECT_EQ(events_.back().kind, ProxyEvent::Kind::kApplied);
  EXPECT_TRUE(session_->up_to_date());
}

TEST_F(MisbehaviourTest, RepeatIdHasSomethingToRepeatAlsoForAProxyThatNeededNothing) {
  RecordedStream stream;
  ProxySession session({}, &desired_, &mandate_, &ids_, &stream, [](const ProxyEvent&) {}, now_);
  session.OnMessage(proxy_.Hello(), now_);
  Misbehaviour misbehaviour;
  misbehaviour.set_kind(Misbehaviour::REPEAT_ID);

  Misbehave(misbehaviour, session, now_);

  const std::vector<v1::ToProxy> messages = stream.Take();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].SerializeAsString(), messages[1].SerializeAsString());
}

TEST_F(MisbehaviourTest, ReuseIdSendsOtherContentsUnderTheLastId) {
  Do(Misbehaviour::REUSE_ID);
  Deliver(stream_.Take());

  ASSERT_THAT(LastViolations(), SizeIs(1));
  EXPECT_EQ(LastViolations()[0].code(), v1::Violation::ID_REUSED);
}

TEST_F(MisbehaviourTest, StaleEpochIsBelowWhatTheProxyHasSeen) {
  Do(Misbehaviour::STALE_EPOCH);
  Deliver(stream_.Take());

  ASSERT_THAT(LastViolations(), SizeIs(1));
  EXPECT_EQ(LastViolations()[0].code(), v1::Violation::STALE_LEADER_EPOCH);

  Do(Misbehaviour::STALE_EPOCH);
  EXPECT_THAT(stream_.Take(), SizeIs(1)) << "the proxy has seen an epoch already";
}

TEST_F(MisbehaviourTest, UnknownMessageIsAMessageOfNoKnownKind) {
  Do(Misbehaviour::UNKNOWN_MESSAGE);

  const std::vector<std::string> bytes = stream_.TakeBytes();
  ASSERT_THAT(bytes, SizeIs(1));
  v1::ToProxy message;
  ASSERT_TRUE(message.ParseFromString(bytes[0]));
  EXPECT_EQ(message.message_case(), v1::ToProxy::MESSAGE_NOT_SET);
  EXPECT_FALSE(bytes[0].empty());
}

TEST_F(MisbehaviourTest, ManyViolationsIsOneTransactionThatIsRejected) {
  Do(Misbehaviour::MANY_VIOLATIONS, 250);

  const std::vector<v1::ToProxy> messages = stream_.Take();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_THAT(messages[0].transaction().operations(), SizeIs(250));
  Deliver(messages);
  EXPECT_EQ(events_.back().kind, ProxyEvent::Kind::kRejected);
  EXPECT_TRUE(session_->up_to_date()) << "the refused transaction is nothing that was ever wanted";
}

TEST_F(MisbehaviourTest, UnparsableBytesAreNoMessage) {
  Do(Misbehaviour::UNPARSABLE_BYTES);

  const std::vector<std::string> bytes = stream_.TakeBytes();
  ASSERT_THAT(bytes, SizeIs(1));
  EXPECT_FALSE(v1::ToProxy().ParseFromString(bytes[0]));
}

TEST_F(MisbehaviourTest, GarbageIsAllThreeKinds) {
  Do(Misbehaviour::GARBAGE);

  EXPECT_THAT(stream_.TakeBytes(), SizeIs(3));
}

TEST_F(MisbehaviourTest, SilenceLastsTwiceTheProxysTimeoutUnlessToldOtherwise) {
  Do(Misbehaviour::SILENCE);

  EXPECT_FALSE(stream_.reading());
  EXPECT_EQ(session_->NextDeadline(), now_ + std::chrono::seconds(6));
}

TEST_F(MisbehaviourTest, FloodDoesNotWaitForAnswersAndLeavesEverythingAsItWas) {
  Do(Misbehaviour::FLOOD, 100);

  const std::vector<v1::ToProxy> messages = stream_.Take();
  EXPECT_THAT(messages, SizeIs(100));
  Deliver(messages);
  EXPECT_EQ(proxy_.revision(), 101);
  EXPECT_EQ(proxy_.state().backends(0).servers(0).weight(), 1);
  EXPECT_TRUE(session_->up_to_date());
  EXPECT_THAT(stream_.Take(), IsEmpty());
}

TEST_F(MisbehaviourTest, HalfSnapshotIsCutInTheMiddle) {
  Do(Misbehaviour::HALF_SNAPSHOT);

  const std::vector<std::string> bytes = stream_.TakeBytes();
  ASSERT_THAT(bytes, SizeIs(1));
  EXPECT_FALSE(v1::ToProxy().ParseFromString(bytes[0]));
  EXPECT_TRUE(stream_.was_cut());
}

TEST(ParseMisbehaviours, ReadsAList) {
  const auto parsed = ParseMisbehaviours("repeat_id,garbage");

  ASSERT_TRUE(parsed.ok());
  ASSERT_THAT(*parsed, SizeIs(2));
  EXPECT_EQ((*parsed)[0].kind(), Misbehaviour::REPEAT_ID);
  EXPECT_EQ((*parsed)[1].kind(), Misbehaviour::GARBAGE);
}

TEST(ParseMisbehaviours, NamesWhatIsKnown) {
  for (const char* name : {"lies", "unspecified"}) {
    const auto parsed = ParseMisbehaviours(name);
    ASSERT_FALSE(parsed.ok());
    EXPECT_THAT(std::string(parsed.status().message()), testing::HasSubstr("is none of drop_stream, repeat_id,"));
  }
}

}  // namespace
}  // namespace fairlead::controlplane_mock
