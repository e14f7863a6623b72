#include "dataplane/proxy/client_watch.h"

#include <gtest/gtest.h>

namespace fairlead::proxy {
namespace {

using Verdict = ClientWatch::Verdict;

class ClientWatchTest : public ::testing::Test {
 protected:
  void Begin() { watch_.BeginRequest(settings_, timers_); }
  // Lets so much time pass, a tick at a time, until a verdict that is not kWell.
  Verdict Pass(uint64_t ms) {
    verdict_ = Verdict::kWell;
    for (uint64_t end_ms = timers_.now_ms() + ms; timers_.now_ms() < end_ms && verdict_ == Verdict::kWell;) {
      timers_.Advance(timers_.now_ms() + 1);
    }
    return verdict_;
  }

  void OnLook() {
    ++looks_;
    verdict_ = watch_.Check(settings_, look_, timers_);
  }

  config::HttpSettings settings_;
  ClientWatch::Look look_;
  event::TimerWheel timers_{1'000'000};
  ClientWatch watch_{[](void* self) { static_cast<ClientWatchTest*>(self)->OnLook(); }, this};
  Verdict verdict_ = Verdict::kWell;
  int looks_ = 0;
};

TEST_F(ClientWatchTest, ARequestHasItsTimeAndNoMore) {
  settings_.request_timeout = std::chrono::milliseconds(2500);
  look_ = {.receiving = true};
  Begin();
  EXPECT_EQ(Pass(2499), Verdict::kWell);
  EXPECT_EQ(Pass(1), Verdict::kRequestTimeout);
}

TEST_F(ClientWatchTest, ARequestThatIsWholeHasAllTheTimeOfItsServer) {
  settings_.request_timeout = std::chrono::milliseconds(500);
  look_ = {.receiving = false};
  Begin();
  EXPECT_EQ(Pass(3'600'000), Verdict::kWell);
}

TEST_F(ClientWatchTest, EachRequestHasItsOwnTime) {
  settings_.request_timeout = std::chrono::milliseconds(300);
  look_ = {.receiving = true};
  Begin();
  EXPECT_EQ(Pass(250), Verdict::kWell);
  Begin();
  EXPECT_EQ(Pass(299), Verdict::kWell);
  EXPECT_EQ(Pass(1), Verdict::kRequestTimeout);
}

TEST_F(ClientWatchTest, QuickRequestsCostALookASecondTogether) {
  settings_.request_timeout = std::chrono::milliseconds(60'000);
  for (int i = 0; i < 1000; ++i) {
    Begin();
    Pass(1);
  }
  EXPECT_EQ(looks_, 1);
}

TEST_F(ClientWatchTest, AnIdleConnectionIsLookedAtOnce) {
  settings_.min_client_rate = 1;
  look_ = {.idle = true};
  Begin();
  EXPECT_EQ(Pass(10'000), Verdict::kIdle);
  EXPECT_EQ(Pass(10'000), Verdict::kWell) << "nobody looks again";
  EXPECT_EQ(looks_, 1);
}

TEST_F(ClientWatchTest, ABodyThatKeepsItsRateGoesOnForEver) {
  settings_.min_client_rate = 1000;
  look_ = {.receiving = true, .awaits_body = true};
  Begin();
  for (int second = 0; second < 600; ++second) {
    watch_.OnReceived(1000);
    ASSERT_EQ(Pass(1000), Verdict::kWell) << second;
  }
}

TEST_F(ClientWatchTest, ABodyBelowItsRateIsFoundWithinTwoWindows) {
  settings_.min_client_rate = 1000;
  look_ = {.receiving = true, .awaits_body = true};
  Begin();
  Verdict verdict = Verdict::kWell;
  int seconds = 0;
  for (; verdict == Verdict::kWell && seconds < 100; ++seconds) {
    watch_.OnReceived(990);
    verdict = Pass(1000);
  }
  EXPECT_EQ(verdict, Verdict::kSlowBody);
  EXPECT_GE(seconds, 5) << "measured over 5 s or more";
  EXPECT_LE(seconds, 10);
}

TEST_F(ClientWatchTest, APauseShorterThanAWindowIsForgivenWhereTheRateHolds) {
  settings_.min_client_rate = 1000;
  look_ = {.receiving = true, .awaits_body = true};
  Begin();
  for (int round = 0; round < 10; ++round) {
    watch_.OnReceived(6000);
    ASSERT_EQ(Pass(4000), Verdict::kWell) << round;
  }
}

TEST_F(ClientWatchTest, TimeInWhichTheServerHoldsTheBodyBackDoesNotCount) {
  settings_.min_client_rate = 1000;
  look_ = {.receiving = true, .awaits_body = true};
  Begin();
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(Pass(4500), Verdict::kWell) << round;
    watch_.OnBodyHeldBack();  // between two looks, and let go again
  }
  look_.awaits_body = false;
  EXPECT_EQ(Pass(60'000), Verdict::kWell);
}

TEST_F(ClientWatchTest, AReaderBelowItsRateIsFound) {
  settings_.min_client_rate = 1000;
  look_ = {.awaits_reader = true};
  Begin();
  Verdict verdict = Verdict::kWell;
  int seconds = 0;
  for (; verdict == Verdict::kWell && seconds < 100; ++seconds) {
    look_.taken += seconds < 60 ? 1000 : 10;
    verdict = Pass(1000);
  }
  EXPECT_EQ(verdict, Verdict::kSlowReader);
  EXPECT_GE(seconds, 60);
  EXPECT_LE(seconds, 71);
}

TEST_F(ClientWatchTest, AReaderThatHasTakenAllThereWasIsNotSlow) {
  settings_.min_client_rate = 1000;
  look_ = {.awaits_reader = true};
  Begin();
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(Pass(4500), Verdict::kWell) << round;
    watch_.OnAllSent();
  }
}

}  // namespace
}  // namespace fairlead::proxy
