#include "controlplane-mock/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "controlplane-mock/fake_proxy.h"
#include "controlplane-mock/recorded_stream.h"
#include "controlplane-mock/test_snapshots.h"

namespace fairlead::controlplane_mock {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ControllerTest : public testing::Test {
 protected:
  // A proxy with one stream.
  struct Connected {
    explicit Connected(const std::string& node_id) : proxy(node_id) {}
    FakeProxy proxy;
    RecordedStream stream;
  };

  void Connect(Controller& controller, Connected& proxy) {
    controller.OnOpened(&proxy.stream, now_);
    controller.OnMessage(&proxy.stream, proxy.proxy.Hello(), now_);
  }
  void DeliverAll(Controller& controller, Connected& proxy) {
    for (auto messages = proxy.stream.Take(); !messages.empty(); messages = proxy.stream.Take()) {
      for (const v1::ToProxy& message : messages) {
        for (const v1::FromProxy& answer : proxy.proxy.Answer(message)) {
          controller.OnMessage(&proxy.stream, answer, now_);
        }
      }
    }
  }
  Controller::EventSink Sink() {
    return [this](const ProxyEvent& event) { events_.push_back(event); };
  }

  TimePoint now_{};
  std::vector<ProxyEvent> events_;
  Controller controller_{{}, TransactionIds("test"), Sink()};
  Connected one_{"edge-1"};
  Connected two_{"edge-2"};
};

TEST_F(ControllerTest, BringsEachProxyFromWhereItIs) {
  controller_.SetDesired(SnapshotOfWeight(1), now_);
  Connect(controller_, one_);
  DeliverAll(controller_, one_);
  controller_.SetDesired(SnapshotOfWeight(2), now_);
  Connect(controller_, two_);

  const std::vector<v1::ToProxy> to_one = one_.stream.Take();
  const std::vector<v1::ToProxy> to_two = two_.stream.Take();

  ASSERT_THAT(to_one, SizeIs(1));
  EXPECT_TRUE(to_one[0].transaction().has_base_revision());
  ASSERT_THAT(to_two, SizeIs(1));
  EXPECT_TRUE(to_two[0].transaction().has_snapshot());
  EXPECT_NE(to_one[0].transaction().id(), to_two[0].transaction().id());
}

TEST_F(ControllerTest, RemembersAProxyThatIsNotConnected) {
  controller_.SetDesired(SnapshotOfWeight(1), now_);
  Connect(controller_, one_);
  DeliverAll(controller_, one_);

  controller_.OnClosed(&one_.stream, absl::UnavailableError("reset"));

  const ProxyRecord& record = controller_.proxies().at("edge-1");
  EXPECT_EQ(record.streams, 0);
  EXPECT_EQ(record.revision, 1);
  EXPECT_EQ(record.zone, "a");
  EXPECT_THAT(record.last_error, HasSubstr("reset"));
  EXPECT_TRUE(controller_.up_to_date(record));
  EXPECT_THAT(controller_.connected(), IsEmpty());
}

TEST_F(ControllerTest, NeedsOnlyTheDifferenceWhenAProxyComesBack) {
  controller_.SetDesired(SnapshotOfWeight(1), now_);
  Connect(controller_, one_);
  DeliverAll(controller_, one_);
  controller_.OnClosed(&one_.stream, absl::OkStatus());
  controller_.SetDesired(SnapshotOfWeight(2), now_);

  Connect(controller_, one_);

  EXPECT_TRUE(one_.stream.Take()[0].transaction().has_base_revision());
}

TEST_F(ControllerTest, ShowsWhyAProxyRefusedUntilItAppliesSomething) {
  controller_.SetDesired(SnapshotOfWeight(1, kBadAddress), now_);
  Connect(controller_, one_);
  DeliverAll(controller_, one_);
  EXPECT_THAT(controller_.proxies().at("edge-1").last_error, HasSubstr("address"));

  controller_.SetDesired(SnapshotOfWeight(1), now_);
  DeliverAll(controller_, one_);

  EXPECT_EQ(controller_.proxies().at("edge-1").last_error, "");
}

TEST_F(ControllerTest, CountsTheStreamsOfAProxyThatDialsAndIsDialled) {
  controller_.SetDesired(SnapshotOfWeight(1), now_);
  RecordedStream other;
  Connect(controller_, one_);
  controller_.OnOpened(&other, now_);
  controller_.OnMessage(&other, one_.proxy.Hello(), now_);

  controller_.OnClosed(&other, absl::OkStatus());

  EXPECT_EQ(controller_.proxies().at("edge-1").streams, 1);
  EXPECT_THAT(controller_.connected(), SizeIs(1));
}

TEST_F(ControllerTest, KeepsNoRecordOfAStreamWithoutHello) {
  RecordedStream stream;
  controller_.OnOpened(&stream, now_);

  controller_.OnClosed(&stream, absl::UnavailableError("reset"));

  EXPECT_THAT(controller_.proxies(), IsEmpty());
  EXPECT_EQ(events_.back().text, "a proxy without a Hello: stream lost: reset");
}

TEST_F(ControllerTest, WakesForTheEarliestOfItsStreams) {
  EXPECT_EQ(controller_.NextDeadline(), TimePoint::max());
  controller_.OnOpened(&one_.stream, now_);
  controller_.OnOpened(&two_.stream, now_ + std::chrono::seconds(1));
  EXPECT_EQ(controller_.NextDeadline(), now_ + Heartbeats::kHelloTimeout);

  controller_.OnTime(now_ + Heartbeats::kHelloTimeout);

  EXPECT_TRUE(one_.stream.ended());
  EXPECT_FALSE(two_.stream.ended());
}

TEST_F(ControllerTest, MisbehavesOnceOnEachStreamWhenTheProxyIsUpToDate) {
  Misbehaviour misbehaviour;
  misbehaviour.set_kind(Misbehaviour::UNKNOWN_MESSAGE);
  Controller controller({.misbehaviours = {misbehaviour}}, TransactionIds("test"), Sink());
  controller.SetDesired(SnapshotOfWeight(1), now_);
  Connect(controller, one_);
  const std::vector<v1::ToProxy> first = one_.stream.Take();
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_TRUE(first[0].has_transaction());

  controller.OnMessage(&one_.stream, one_.proxy.Answer(first[0])[0], now_);
  const std::vector<v1::ToProxy> second = one_.stream.Take();
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].message_case(), v1::ToProxy::MESSAGE_NOT_SET);

  controller.SetDesired(SnapshotOfWeight(2), now_);
  controller.OnMessage(&one_.stream, one_.proxy.Answer(one_.stream.Take()[0])[0], now_);
  EXPECT_THAT(one_.stream.Take(), IsEmpty());
}

class StandingByTest : public ControllerTest {
 protected:
  StandingByTest() { controller_.SetDesired(SnapshotOfWeight(1), now_); }

  // The proxy sends its heartbeats meanwhile.
  void Pass(seconds time) {
    v1::FromProxy heartbeat;
    heartbeat.mutable_heartbeat();
    for (const TimePoint end = now_ + time; now_ < end;) {
      now_ += seconds(1);
      controller_.OnMessage(&one_.stream, heartbeat, now_);
      controller_.OnTime(now_);
    }
  }
};

TEST_F(StandingByTest, SendsAProxyOnToTheLeader) {
  controller_.StandBy("ctl-2 (127.0.0.1:7002)", now_);

  Connect(controller_, one_);

  EXPECT_THAT(one_.stream.Take(), IsEmpty());
  EXPECT_THAT(std::string(one_.stream.end_reason().message()), HasSubstr("ctl-2 (127.0.0.1:7002) leads"));
}

TEST_F(StandingByTest, KeepsAProxyThatFindsNoLeaderAndServesItWhenElected) {
  controller_.StandBy("ctl-2", now_);
  Connect(controller_, one_);
  controller_.OnClosed(&one_.stream, absl::OkStatus());
  one_.stream = RecordedStream();
  Connect(controller_, one_);
  EXPECT_FALSE(one_.stream.ended());

  controller_.StandBy("", now_);
  EXPECT_FALSE(one_.stream.ended());
  controller_.Lead(12, now_ + seconds(5), now_);
  DeliverAll(controller_, one_);

  EXPECT_EQ(one_.proxy.revision(), 1);
  Pass(seconds(60));
  EXPECT_FALSE(one_.stream.ended());
}

TEST_F(StandingByTest, SendsThoseItKeptOnWhenAnotherIsElected) {
  controller_.StandBy("", now_);
  Connect(controller_, one_);
  EXPECT_FALSE(one_.stream.ended());

  controller_.StandBy("ctl-3", now_);

  EXPECT_THAT(std::string(one_.stream.end_reason().message()), HasSubstr("ctl-3 leads"));
}

TEST_F(StandingByTest, KeepsNobodyForLongerThanItsPatience) {
  controller_.StandBy("", now_);
  Connect(controller_, one_);
  EXPECT_EQ(controller_.NextDeadline(), now_ + seconds(1));  // of heartbeats

  Pass(seconds(5));
  EXPECT_FALSE(one_.stream.ended());
  Pass(seconds(1));

  EXPECT_TRUE(one_.stream.ended());
}

TEST_F(StandingByTest, ALeaderWhoseTimeIsOverKeepsItsProxiesUntilItKnowsMore) {
  controller_.Lead(12, now_ + seconds(5), now_);
  Connect(controller_, one_);
  DeliverAll(controller_, one_);
  Pass(seconds(5));
  controller_.StandBy("", now_);
  controller_.SetDesired(SnapshotOfWeight(2), now_);
  DeliverAll(controller_, one_);
  EXPECT_EQ(one_.proxy.revision(), 1);
  EXPECT_FALSE(one_.stream.ended());

  controller_.Lead(12, now_ + seconds(5), now_);
  DeliverAll(controller_, one_);

  EXPECT_EQ(one_.proxy.revision(), 2);
}

}  // namespace
}  // namespace fairlead::controlplane_mock
