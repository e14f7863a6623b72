// Limits, queues, and who gets a place that was freed: several workers, one after the other on the test's thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/upstream/admission_test_support.h"

namespace fairlead::upstream {
namespace {

using config::AdminState;
using config::Health;
using config::ServerSlot;
using Outcome = Admission::Outcome;
using testing::TestWorker;
using testing::WorkersTest;

constexpr ServerSlot kNone = load_balancing::Policy::kNone;

// A request of one worker. Its connection is left to the imagination.
class Request final : public Waiter {
 public:
  explicit Request(TestWorker* worker) : worker_(worker) { Ask(); }
  ~Request() { End(); }

  void Ask(ServerSlot avoid = kNone) {
    worker_->Run([&] { AskNow(avoid); });
  }
  // It leaves, or is answered.
  void End() {
    worker_->Run([&] {
      Leave();
      if (admitted.has_value()) std::exchange(admitted, std::nullopt)->server->EndRequest();
    });
  }
  bool has(ServerSlot slot) const { return admitted.has_value() && admitted->slot == slot; }

  std::optional<Outcome> outcome;  // of the last time that it asked
  std::optional<Choice> admitted;
  bool timed_out = false;
  int revisions = 0;  // that it was told of
  // Instead of asking the same backend again.
  std::function<void()> on_revision;

 private:
  void AskNow(ServerSlot avoid) {
    demand_ = {.avoid = avoid, .fresh = true};
    const Admission admission = worker_->backends.Get(0)->Admit(this, demand_);
    outcome = admission.outcome;
    if (outcome == Outcome::kAdmitted) admitted = admission.choice;
  }
  void OnAdmitted(const Choice& choice) override {
    EXPECT_FALSE(waiting());
    admitted = choice;
  }
  void OnRevision() override {
    ++revisions;
    if (on_revision) return on_revision();
    AskNow(kNone);
  }
  void OnQueueTimeout() override {
    EXPECT_FALSE(waiting());
    timed_out = true;
  }

  TestWorker* const worker_;
  Demand demand_;
};

class AdmissionTest : public WorkersTest {
 protected:
  std::unique_ptr<Request> Ask(int worker) { return std::make_unique<Request>(this->worker(worker)); }
};

TEST_F(AdmissionTest, LimitsRequestsOverAllWorkers) {
  SetServer(0, 2);
  Publish();
  auto first = Ask(0), second = Ask(1), third = Ask(2);
  EXPECT_TRUE(first->has(0));
  EXPECT_TRUE(second->has(0));
  EXPECT_EQ(third->outcome, Outcome::kWaiting);
  EXPECT_EQ(active(0), 2u);
  EXPECT_EQ(config_.servers[0]->counters->of_worker(2).limit_reached.value(), 1u);
}

TEST_F(AdmissionTest, PicksTheNextBestWithRoom) {
  SetServer(0, 1);
  SetServer(1, 1);
  SetServer(2, config::kNoLimit);
  Publish();
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 0; i < 30; ++i) requests.push_back(Ask(i % kWorkers));
  EXPECT_EQ(active(0), 1u);
  EXPECT_EQ(active(1), 1u);
  EXPECT_EQ(active(2), 28u);
}

TEST_F(AdmissionTest, BringsAServerBackWhereverItsPlaceWasFreed) {
  SetServer(0, 1);
  SetServer(1, config::kNoLimit);
  Publish();
  auto holder = Ask(0);
  while (!holder->has(0)) holder = Ask(0);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Ask(1)->has(1)) << "and the full one is out of worker 1's rotation";
  holder->End();
  bool picked = false;
  for (int i = 0; i < 10; ++i) picked |= Ask(1)->has(0);
  EXPECT_TRUE(picked);
}

// More places were freed since than the log remembers.
TEST_F(AdmissionTest, BringsAServerBackHoweverLongAgoItsPlaceWasFreed) {
  SetServer(0, 1);
  SetServer(1, config::kNoLimit);
  Publish();
  auto holder = Ask(0);
  while (!holder->has(0)) holder = Ask(0);
  for (int i = 0; i < 10; ++i) Ask(1);
  holder->End();
  for (int i = 0; i < 1000; ++i) Ask(2);
  bool picked = false;
  for (int i = 0; i < 10; ++i) picked |= Ask(1)->has(0);
  EXPECT_TRUE(picked);
}

TEST_F(AdmissionTest, RefusesAtOnceWithoutAQueue) {
  SetBackend([](config::BackendSettings* settings) { settings->queue_length = 0; });
  SetServer(0, 1);
  Publish();
  auto first = Ask(0);
  auto second = Ask(1);
  EXPECT_EQ(second->outcome, Outcome::kNoRoom);
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::queue_overflows), 1u);
  first->End();
  EXPECT_TRUE(Ask(1)->has(0));
}

TEST_F(AdmissionTest, LetsNoMoreWaitThanTheQueueIsLong) {
  SetBackend([](config::BackendSettings* settings) { settings->queue_length = 2; });
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0), first = Ask(1), second = Ask(2), third = Ask(0);
  EXPECT_EQ(first->outcome, Outcome::kWaiting);
  EXPECT_EQ(second->outcome, Outcome::kWaiting);
  EXPECT_EQ(third->outcome, Outcome::kNoRoom);
  first->End();
  third->Ask();
  EXPECT_EQ(third->outcome, Outcome::kWaiting);
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::queued), 3u);
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::queue_overflows), 1u);
}

TEST_F(AdmissionTest, ServesInTheOrderOfComingWithinAWorker) {
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0);
  std::vector<std::unique_ptr<Request>> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(Ask(1));
  waiting[1]->End();
  for (int i : {0, 2, 3}) {
    holder->End();
    Settle();
    EXPECT_TRUE(waiting[i]->has(0)) << i;
    EXPECT_EQ(active(0), 1u);
    holder = std::move(waiting[i]);
  }
}

TEST_F(AdmissionTest, ServesInTheOrderOfComingOverAllWorkers) {
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0);
  std::vector<std::unique_ptr<Request>> waiting;
  for (int i : {1, 2, 0, 2, 1}) {
    waiting.push_back(Ask(i));
    PassTime();
  }
  for (auto& next : waiting) {
    holder->End();
    Settle();
    EXPECT_TRUE(next->has(0));
    EXPECT_EQ(active(0), 1u);
    holder = std::move(next);
  }
}

TEST_F(AdmissionTest, NobodyOvertakesThoseWhoWaitElsewhere) {
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0), waiting = Ask(1);
  PassTime();
  holder->End();  // and the message to worker 1 is on its way
  auto late = Ask(0);
  EXPECT_EQ(late->outcome, Outcome::kWaiting);
  Settle();
  EXPECT_TRUE(waiting->has(0));
  EXPECT_FALSE(late->admitted.has_value());
}

// The one who was woken has gone when the message comes: the next in another worker gets the place.
TEST_F(AdmissionTest, HandsAPlaceOnThatNobodyTakesAnyMore) {
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0), first = Ask(1);
  PassTime();
  auto second = Ask(2);
  holder->End();
  first->End();
  Settle();
  EXPECT_TRUE(second->has(0));
}

TEST_F(AdmissionTest, SeveralPlacesGoToSeveralWorkers) {
  SetServer(0, 3);
  Publish();
  auto a = Ask(0), b = Ask(0), c = Ask(0);
  auto first = Ask(1), second = Ask(2), third = Ask(1);
  a->End();
  b->End();
  c->End();
  Settle();
  EXPECT_TRUE(first->has(0) && second->has(0) && third->has(0));
}

TEST_F(AdmissionTest, GivesUpAfterTheTimeout) {
  SetBackend([](config::BackendSettings* settings) { settings->queue_timeout = std::chrono::milliseconds(30); });
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0);
  for (int i = 0; i < 2; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto request = Ask(1);
    while (request->waiting()) Settle();
    EXPECT_TRUE(request->timed_out);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(29));
  }
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::queue_timeouts), 2u);
  EXPECT_GE(Sum(&metrics::WorkerAdmission::queue_wait_ms), 58u);
  holder->End();
  EXPECT_TRUE(Ask(1)->has(0));
}

TEST_F(AdmissionTest, AShorterTimeoutCountsForThoseWhoWaitAlready) {
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0), waiting = Ask(1);
  RunFor(std::chrono::milliseconds(30));
  SetBackend([](config::BackendSettings* settings) { settings->queue_timeout = std::chrono::milliseconds(20); });
  Publish();
  RunFor(std::chrono::milliseconds(10));
  EXPECT_TRUE(waiting->timed_out);
}

TEST_F(AdmissionTest, ThoseWhoWaitTakeWhatARevisionBrings) {
  SetServer(0, 1);
  SetServer(1, 1, [](config::Server* server) { server->admin_state = AdminState::kDrain; });
  SetServer(2, 1, [](config::Server* server) { server->health = Health::kDown; });
  SetServer(3, 1, [](config::Server* server) { server->weight = 0; });
  Publish();
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(Ask(i % kWorkers));
  EXPECT_EQ(waiting(), 7u);
  const auto served = [&](ServerSlot slot) {
    int count = 0;
    for (auto& request : requests) count += request->has(slot);
    return count;
  };
  SetServer(1, 1, [](config::Server* server) { server->admin_state = AdminState::kReady; });
  Publish();
  EXPECT_EQ(served(1), 1) << "it is READY again";
  SetServer(2, 1, [](config::Server* server) { server->health = Health::kUp; });
  Publish();
  EXPECT_EQ(served(2), 1) << "it is UP again";
  SetServer(3, 1, [](config::Server* server) { server->weight = 1; });
  Publish();
  EXPECT_EQ(served(3), 1) << "it has a weight";
  SetServer(4, 1);
  Publish();
  EXPECT_EQ(served(4), 1) << "it is new";
  SetServer(0, 3);
  Publish();
  EXPECT_EQ(served(0), 3) << "its limit was raised";
  SetServer(1, config::kNoLimit);
  Publish();
  EXPECT_EQ(served(1), 2) << "it has no limit";
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(AdmissionTest, ThoseWhoWaitAreRoutedByTheNewestRevision) {
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0), first = Ask(1), second = Ask(1);
  SetBackend([](config::BackendSettings* settings) { settings->max_idle_connections = 1; });
  Publish();
  EXPECT_EQ(first->revisions, 0) << "there is no room: it need not ask";
  bool elsewhere = false;
  first->on_revision = [&] {  // its new route goes to another backend
    elsewhere = true;
    first->Leave();
  };
  holder->End();
  Settle();
  EXPECT_TRUE(elsewhere);
  EXPECT_EQ(second->revisions, 1);
  EXPECT_TRUE(second->has(0));
}

TEST_F(AdmissionTest, WhoIsRoutedAnewToTheSameBackendKeepsItsPlace) {
  SetBackend([](config::BackendSettings* settings) { settings->queue_length = 2; });
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0), first = Ask(1), second = Ask(1);
  EXPECT_EQ(Ask(1)->outcome, Outcome::kNoRoom);
  SetServer(0, 1, [](config::Server* server) { server->weight = 7; });  // it is back in rotation, for a look
  Publish();
  EXPECT_EQ(first->outcome, Outcome::kWaiting);
  EXPECT_EQ(waiting(), 2u);
  holder->End();
  Settle();
  EXPECT_TRUE(first->has(0));
  EXPECT_FALSE(second->admitted.has_value());
}

TEST_F(AdmissionTest, ThoseWhoWaitHearThatTheLastEligibleServerHasGone) {
  SetServer(0, 1);
  SetServer(1, 1);
  Publish();
  auto a = Ask(0), b = Ask(0);
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(Ask(i % kWorkers));
  RemoveServer(0);
  Publish();
  EXPECT_EQ(waiting(), 6u);
  SetServer(1, 1, [](config::Server* server) { server->health = Health::kDown; });
  Publish();
  EXPECT_EQ(waiting(), 0u);
  for (auto& request : requests) EXPECT_EQ(request->outcome, Outcome::kNoEligibleServer);
}

TEST_F(AdmissionTest, ThoseWhoWaitHearThatTheirBackendHasGone) {
  SetServer(0, 1);
  Publish();
  auto holder = Ask(0), first = Ask(1), second = Ask(1);
  for (Request* request : {first.get(), second.get()}) request->on_revision = [] {};
  without_backend_ = true;
  changes_.backends = {0};
  changes_.servers = {{0, 0}};
  Publish();
  EXPECT_EQ(first->revisions, 1);
  EXPECT_EQ(second->revisions, 1);
  EXPECT_FALSE(first->waiting());
}

// A retry, which should go elsewhere.
TEST_F(AdmissionTest, AvoidsAServerOnlyWhereAnotherHasRoom) {
  SetServer(0, config::kNoLimit);
  SetServer(1, 1);
  Publish();
  auto first = std::make_unique<Request>(worker(0));
  first->End();
  first->Ask(/*avoid=*/0);
  EXPECT_TRUE(first->has(1));
  auto second = std::make_unique<Request>(worker(1));
  second->End();
  second->Ask(/*avoid=*/0);
  EXPECT_TRUE(second->has(0)) << "the other is full";
}

// Worker 1 has heard of the lower limit, worker 0 has not: what worker 0 frees meanwhile is not lost.
TEST_F(AdmissionTest, LosesNoPlaceWhileWorkersHaveDifferentLimits) {
  SetServer(0, 4);
  Publish();
  auto a = Ask(0), b = Ask(0), c = Ask(0);
  SetServer(0, 2);
  MakeRevision();
  AdoptIn(1);
  auto waiting = Ask(1);
  EXPECT_EQ(waiting->outcome, Outcome::kWaiting);
  a->End();
  b->End();  // from the limit of 2, by worker 1's measure
  AdoptIn(0);
  AdoptIn(2);
  Settle();
  EXPECT_TRUE(waiting->has(0));
}

TEST_F(AdmissionTest, CountsRequestsUnderPanic) {
  SetBackend([](config::BackendSettings* settings) { settings->panic_threshold = 0.5; });
  SetServer(0, config::kNoLimit, [](config::Server* server) { server->health = Health::kDown; });
  Publish();
  EXPECT_TRUE(Ask(0)->has(0));
  EXPECT_TRUE(Ask(1)->has(0));
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::panic_requests), 2u);
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::panic), 3u) << "in each worker";
  SetServer(0, config::kNoLimit, [](config::Server* server) { server->health = Health::kUp; });
  Publish();
  EXPECT_TRUE(Ask(0)->has(0));
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::panic_requests), 2u);
  EXPECT_EQ(Sum(&metrics::WorkerAdmission::panic), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
