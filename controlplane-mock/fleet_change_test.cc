// Changes of the whole fleet, through the controller.
#include "controlplane-mock/fleet_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "controlplane-mock/controller.h"
#include "controlplane-mock/fake_proxy.h"
#include "controlplane-mock/recorded_stream.h"
#include "controlplane-mock/test_snapshots.h"

namespace fairlead::controlplane_mock {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FleetChangeTest : public testing::Test {
 protected:
  struct Connected {
    explicit Connected(const std::string& node_id) : proxy(node_id) {}
    FakeProxy proxy;
    RecordedStream stream;
    bool answers = true;
  };

  FleetChangeTest() { Start({}); }

  // Three proxies that serve a weight of 1.
  void Start(FleetSettings settings) {
    proxies_.clear();
    controller_ = std::make_unique<Controller>(
        ControllerSettings{.fleet = settings}, TransactionIds("test"),
        [this](const ProxyEvent& event) {
          if (event.kind == ProxyEvent::Kind::kFleet) said_.push_back(event.text);
        },
        [this] { return now_us_; });
    controller_->SetDesired(SnapshotOfWeight(1), now_);
    for (const char* name : {"a", "b", "c"}) Connect(proxies_.emplace_back(name));
    DeliverAll();
  }
  void Connect(Connected& proxy) {
    controller_->OnOpened(&proxy.stream, now_);
    controller_->OnMessage(&proxy.stream, proxy.proxy.Hello(), now_);
  }
  void Lose(Connected& proxy) {
    proxy.answers = false;
    controller_->OnClosed(&proxy.stream, absl::UnavailableError("reset"));
    controller_->OnTime(now_);
  }
  // Until nobody says anything any more.
  void DeliverAll() {
    for (bool more = true; more;) {
      more = false;
      for (Connected& proxy : proxies_) {
        for (const v1::ToProxy& message : proxy.stream.Take()) {
          if (!proxy.answers) continue;
          for (const v1::FromProxy& answer : proxy.proxy.Answer(message)) {
            more = true;
            controller_->OnMessage(&proxy.stream, answer, now_);
          }
        }
      }
    }
  }
  static v1::FromProxy Heartbeat() {
    v1::FromProxy message;
    message.mutable_heartbeat();
    return message;
  }
  void Pass(milliseconds time) {
    now_ += time;
    controller_->OnTime(now_);
    DeliverAll();
  }
  std::vector<uint32_t> Weights() const {
    std::vector<uint32_t> weights;
    for (const Connected& proxy : proxies_) weights.push_back(proxy.proxy.state().backends(0).servers(0).weight());
    return weights;
  }

  TimePoint now_{};
  uint64_t now_us_ = 1'700'000'000'000'000;
  std::vector<std::string> said_;
  std::deque<Connected> proxies_;
  std::unique_ptr<Controller> controller_;
};

TEST_F(FleetChangeTest, AllSwitchAtOneTimeEachByItsOwnClock) {
  proxies_[0].proxy.skew_us = 250'000;
  proxies_[1].proxy.skew_us = -250'000;
  proxies_[1].proxy.lateness_us = 1'500;
  proxies_[2].proxy.lateness_us = 500;
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  DeliverAll();
  EXPECT_THAT(Weights(), ElementsAre(2, 2, 2));
  EXPECT_THAT(
      said_,
      ElementsAre("fleet: mock-test-4: asking 3 proxies for their clocks", "fleet: mock-test-4: all are prepared",
                  "fleet: mock-test-4: commits in 200.0 ms",
                  "fleet: mock-test-4: 3 of 3 proxies switched within 1.5 ms of each other, at most 1.5 ms late"));
  EXPECT_FALSE(proxies_[0].proxy.held().has_value());
  // And nothing is left to be sent.
  Pass(milliseconds(1));
  EXPECT_EQ(proxies_[0].proxy.revision(), 2u);
}

TEST_F(FleetChangeTest, OneThatCannotPrepareStopsAll) {
  // It serves something else by now, on which it refuses what the others take.
  proxies_[1].proxy.Set(SnapshotOfWeight(7));
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  DeliverAll();
  EXPECT_EQ(
      said_.back(),
      "fleet: mock-test-4: stopped, nobody switches (aborted on a, c):\n  b can't prepare: base_revision: refused");
  EXPECT_THAT(Weights(), ElementsAre(1, 1, 1)) << "and b is brought back to what is desired";
  for (const Connected& proxy : proxies_) EXPECT_FALSE(proxy.proxy.held().has_value());
  // The next change is another try.
  controller_->SetDesired(SnapshotOfWeight(3), now_);
  DeliverAll();
  EXPECT_THAT(Weights(), ElementsAre(3, 3, 3));
}

TEST_F(FleetChangeTest, WhoConnectsLaterGetsWhatWasDecidedLast) {
  controller_->SetDesired(SnapshotOfWeight(2, kBadAddress), now_);  // which all refuse
  DeliverAll();
  EXPECT_THAT(Weights(), ElementsAre(1, 1, 1));
  Connect(proxies_.emplace_back("d"));
  DeliverAll();
  EXPECT_THAT(Weights(), ElementsAre(1, 1, 1, 1));
}

TEST_F(FleetChangeTest, AClockThatIsTooFarOffStopsAll) {
  proxies_[2].proxy.skew_us = 3'000'000;
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  DeliverAll();
  EXPECT_EQ(said_.back(),
            "fleet: mock-test-4: stopped, nobody switches:\n  the clock of c is 3000.0 ms ahead, more than 1000 ms");
  EXPECT_THAT(Weights(), ElementsAre(1, 1, 1));
}

TEST_F(FleetChangeTest, AClockThatIsNotKnownStopsAll) {
  proxies_[2].answers = false;
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  DeliverAll();
  for (Connected& proxy : proxies_) controller_->OnMessage(&proxy.stream, Heartbeat(), now_);
  Pass(seconds(2));
  EXPECT_EQ(said_.back(), "fleet: mock-test-4: stopped, nobody switches:\n  c does not say what its clock is");
}

TEST_F(FleetChangeTest, AProxyThatCannotPrepareAtAllStopsAll) {
  proxies_[0].proxy.can_prepare = false;
  Lose(proxies_[0]);
  proxies_[0].answers = true;
  Connect(proxies_[0]);
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  DeliverAll();
  EXPECT_THAT(said_.back(), HasSubstr("a is of a version that can't prepare"));
  EXPECT_THAT(Weights(), ElementsAre(1, 1, 1));
}

TEST_F(FleetChangeTest, OneThatIsLostBeforeItIsDecidedStopsAll) {
  Start({.pause = seconds(5)});
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  DeliverAll();
  EXPECT_TRUE(proxies_[0].proxy.held().has_value());
  Lose(proxies_[1]);
  DeliverAll();
  EXPECT_THAT(said_.back(), HasSubstr("nobody switches (aborted on a, c):\n  b was lost"));
  EXPECT_FALSE(proxies_[0].proxy.held().has_value());
  Pass(milliseconds(1));
  EXPECT_THAT(Weights(), ElementsAre(1, 1, 1));
}

TEST_F(FleetChangeTest, OneThatIsLostAfterItIsDecidedGetsItWhenItComesBack) {
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  // Until b is told to commit, which it does not live to hear.
  while (!said_.back().ends_with("commits in 200.0 ms")) {
    for (Connected& proxy : proxies_) {
      for (const v1::ToProxy& message : proxy.stream.Take()) {
        for (const v1::FromProxy& answer : proxy.proxy.Answer(message)) {
          controller_->OnMessage(&proxy.stream, answer, now_);
        }
      }
    }
  }
  Lose(proxies_[1]);
  DeliverAll();
  EXPECT_THAT(said_, testing::Contains(HasSubstr("2 of 3 proxies switched")));
  EXPECT_THAT(said_.back(), HasSubstr("b was lost"));
  proxies_[1].answers = true;
  Connect(proxies_[1]);
  DeliverAll();
  EXPECT_THAT(Weights(), ElementsAre(2, 2, 2));
}

TEST_F(FleetChangeTest, WhatChangesMeanwhileIsTheNextChange) {
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  controller_->SetDesired(SnapshotOfWeight(3), now_);
  controller_->SetDesired(SnapshotOfWeight(4), now_);
  DeliverAll();
  EXPECT_THAT(Weights(), ElementsAre(4, 4, 4));
  EXPECT_EQ(proxies_[0].proxy.revision(), 3u);
}

TEST_F(FleetChangeTest, WithoutProxiesAChangeIsMadeAtOnce) {
  for (Connected& proxy : proxies_) Lose(proxy);
  controller_->SetDesired(SnapshotOfWeight(2), now_);
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_EQ(controller_->desired().current()->snapshot.backends(0).servers(0).weight(), 2u);
}

}  // namespace
}  // namespace fairlead::controlplane_mock
