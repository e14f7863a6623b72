// Server.max_connections over several workers: idle connections in the pool of one do not starve the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/event/loop_test_support.h"
#include "dataplane/upstream/admission_test_support.h"
#include "dataplane/upstream/upstream_test_support.h"

namespace fairlead::upstream {
namespace {

using event::testing::Peer;
using event::testing::TestListener;
using testing::TestUser;
using testing::TestWorker;
using testing::WorkersTest;

// A request with its connection, from asking to the end of the response.
class ConnectedRequest final : public Waiter {
 public:
  explicit ConnectedRequest(TestWorker* worker) : worker_(worker) {
    worker_->Run([&] { OnRevision(); });
  }
  ~ConnectedRequest() {
    worker_->Run([&] {
      Leave();
      if (started_ && !user.done()) user.Abort();
    });
  }

  TestUser user;
  Admission::Outcome outcome = Admission::Outcome::kWaiting;

 private:
  void OnAdmitted(const Choice& choice) override {
    started_ = true;
    user.Start(choice);
  }
  void OnRevision() override {
    const Admission admission = worker_->backends.Get(0)->Admit(this, demand_);
    outcome = admission.outcome;
    if (outcome == Admission::Outcome::kAdmitted) OnAdmitted(admission.choice);
  }
  void OnQueueTimeout() override { ADD_FAILURE(); }

  TestWorker* const worker_;
  const Demand demand_;
  bool started_ = false;
};

class ConnectionLimitsTest : public WorkersTest {
 protected:
  // The server, which `listener_` is.
  void SetLimits(uint32_t max_connections, uint32_t max_requests = config::kNoLimit) {
    SetServer(0, max_requests, [&](config::Server* server) {
      server->address = *net::Address::FromSockaddr(listener_.addr(), listener_.length);
      server->SetLimits(max_connections, max_requests);
    });
    Publish();
  }
  std::unique_ptr<ConnectedRequest> Ask(int worker) { return std::make_unique<ConnectedRequest>(this->worker(worker)); }
  // Accepts what has come, and answers every request that has. Runs until `done`.
  template <typename Condition>
  void ServeUntil(Condition done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      Settle();
      Accept();
      std::erase_if(peers_, [](Peer& peer) { return peer.AtEnd(); });
      for (Peer& peer : peers_) {
        if (!answers_) break;
        if (peer.Receive().ends_with("\r\n\r\n")) peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      }
    }
  }
  void Accept() {
    pollfd waiting = {.fd = listener_.fd, .events = POLLIN, .revents = 0};
    while (poll(&waiting, 1, 0) == 1) {
      peers_.emplace_back(accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      size_t open = 0;
      for (Peer& peer : peers_) open += !peer.AtEnd();
      peak_ = std::max(peak_, open);
      ++accepted_;
    }
  }
  void Answer(ConnectedRequest& request) {
    ServeUntil([&] { return request.user.done(); });
    EXPECT_EQ(request.user.body, "ok");
  }
  uint32_t open() { return config_.servers[0]->counters->open_connections.load(); }
  uint32_t unclaimed() { return config_.servers[0]->counters->unclaimed_connections.load(); }

  TestListener listener_;
  std::vector<Peer> peers_;  // what the server has accepted and not seen end
  size_t peak_ = 0;
  int accepted_ = 0;
  bool answers_ = true;
};

TEST_F(ConnectionLimitsTest, AnIdleConnectionIsUsedAgainByItsWorker) {
  SetLimits(1);
  for (int i = 0; i < 3; ++i) Answer(*Ask(1));
  EXPECT_EQ(accepted_, 1);
  EXPECT_EQ(unclaimed(), 1u);
}

TEST_F(ConnectionLimitsTest, AnIdleConnectionMakesRoomForAnotherWorker) {
  SetLimits(1);
  SetBackend([](config::BackendSettings* settings) { settings->queue_length = 0; });
  Publish();
  for (int i = 0; i < 12; ++i) {
    auto request = Ask(i % 3);
    EXPECT_EQ(request->outcome, Admission::Outcome::kAdmitted);
    Answer(*request);
  }
  EXPECT_EQ(accepted_, 12);
  EXPECT_EQ(peak_, 1u);
  EXPECT_EQ(open(), 1u);
}

TEST_F(ConnectionLimitsTest, AConnectionInUseMakesNoRoom) {
  SetLimits(1);
  auto first = Ask(0), second = Ask(1);
  EXPECT_EQ(second->outcome, Admission::Outcome::kWaiting);
  Answer(*first);
  Answer(*second);
  EXPECT_EQ(peak_, 1u);
}

TEST_F(ConnectionLimitsTest, EachIdleConnectionIsClaimedOnce) {
  SetLimits(2);
  SetBackend([](config::BackendSettings* settings) { settings->queue_length = 0; });
  Publish();
  auto a = Ask(0), b = Ask(0);
  ServeUntil([&] { return a->user.done() && b->user.done(); });
  ASSERT_EQ(unclaimed(), 2u);
  auto first = Ask(1), second = Ask(2), third = Ask(1), fourth = Ask(0);
  EXPECT_EQ(first->outcome, Admission::Outcome::kAdmitted);
  EXPECT_EQ(second->outcome, Admission::Outcome::kAdmitted);
  EXPECT_EQ(third->outcome, Admission::Outcome::kNoRoom);
  EXPECT_EQ(fourth->outcome, Admission::Outcome::kNoRoom) << "its worker's idle connections are claimed";
  ServeUntil([&] { return first->user.done() && second->user.done(); });
  EXPECT_EQ(peak_, 2u);
  EXPECT_EQ(open(), 2u);
}

// The connection that was claimed ends by itself before the message comes.
TEST_F(ConnectionLimitsTest, AClaimOutlivesTheConnection) {
  SetLimits(1);
  Answer(*Ask(0));
  auto claiming = Ask(1);
  ASSERT_EQ(unclaimed(), 0u);
  peers_.clear();
  for (int i = 0; i < 5; ++i) worker(0)->loop->RunOnce(/*wait=*/false);
  Answer(*claiming);
  EXPECT_EQ(open(), 1u);
  EXPECT_EQ(peak_, 1u);
}

TEST_F(ConnectionLimitsTest, APlaceThatIsWantedNoMoreIsFree) {
  SetLimits(1);
  Answer(*Ask(0));
  Ask(1);  // and it leaves at once
  Settle();
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(unclaimed(), 0u);
  Answer(*Ask(2));
  EXPECT_EQ(peak_, 1u);
}

TEST_F(ConnectionLimitsTest, ThoseWhoWaitGetAPlaceThatIsWantedNoMore) {
  SetLimits(1);
  Answer(*Ask(0));
  auto leaving = Ask(1);
  auto waiting = Ask(2);
  EXPECT_EQ(waiting->outcome, Admission::Outcome::kWaiting);
  leaving.reset();
  Answer(*waiting);
  EXPECT_EQ(peak_, 1u);
}

TEST_F(ConnectionLimitsTest, ALimitThatComesCountsWhatIsThere) {
  SetLimits(config::kNoLimit);
  std::vector<std::unique_ptr<ConnectedRequest>> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(Ask(i % 3));
  ServeUntil([&] {
    return std::all_of(requests.begin(), requests.end(), [](auto& request) { return request->user.done(); });
  });
  EXPECT_EQ(open(), 6u);
  EXPECT_EQ(unclaimed(), 0u);
  SetLimits(6);
  EXPECT_EQ(unclaimed(), 6u);
  SetLimits(config::kNoLimit);
  EXPECT_EQ(unclaimed(), 0u);
  SetLimits(6);
  peak_ = 0;
  requests.clear();
  for (int i = 0; i < 6; ++i) requests.push_back(Ask(0));
  ServeUntil([&] {
    return std::all_of(requests.begin(), requests.end(), [](auto& request) { return request->user.done(); });
  });
  EXPECT_LE(peak_, 6u);
  EXPECT_EQ(open(), 6u);
}

// One worker has no limit any more when another's claim comes to it.
TEST_F(ConnectionLimitsTest, ALimitThatGoesLeavesNoClaimBehind) {
  SetLimits(1);
  Answer(*Ask(0));
  auto claiming = Ask(1);
  SetServer(0, config::kNoLimit, [](config::Server* server) { server->SetLimits(config::kNoLimit, config::kNoLimit); });
  MakeRevision();
  for (int i = 0; i < kWorkers; ++i) AdoptIn(i);
  Answer(*claiming);
  EXPECT_EQ(open(), 1u);
  SetLimits(1);
  EXPECT_EQ(unclaimed(), 1u);
  Answer(*Ask(2));
  EXPECT_EQ(open(), 1u);
}

TEST_F(ConnectionLimitsTest, AServerThatGoesLeavesNobodyWithAClaim) {
  SetLimits(1);
  Answer(*Ask(0));
  auto claiming = Ask(1);
  RemoveServer(0);
  Publish();
  EXPECT_EQ(claiming->user.error, http::ServerError::kAbandoned);
}

TEST_F(ConnectionLimitsTest, MaintClosesAllAndFreesTheirPlaces) {
  SetLimits(2);
  Answer(*Ask(0));
  answers_ = false;
  auto busy = Ask(1);
  ServeUntil([&] { return busy->user.connected; });
  SetServer(0, config::kNoLimit, [](config::Server* server) { server->admin_state = config::AdminState::kMaint; });
  Publish();
  EXPECT_TRUE(busy->user.done());
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(unclaimed(), 0u);
}

TEST_F(ConnectionLimitsTest, ALowerLimitClosesIdleConnections) {
  SetLimits(4);
  std::vector<std::unique_ptr<ConnectedRequest>> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(Ask(i % 2));
  ServeUntil([&] {
    return std::all_of(requests.begin(), requests.end(), [](auto& request) { return request->user.done(); });
  });
  ASSERT_EQ(open(), 4u);
  SetLimits(1);
  EXPECT_EQ(open(), 1u);
  EXPECT_EQ(unclaimed(), 1u);
  Answer(*Ask(2));
  EXPECT_EQ(open(), 1u);
}

TEST_F(ConnectionLimitsTest, ALowerLimitKeepsNoMoreThanItAllows) {
  SetLimits(4);
  std::vector<std::unique_ptr<ConnectedRequest>> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(Ask(i % 2));
  answers_ = false;
  ServeUntil([&] { return peers_.size() == 4; });
  answers_ = true;
  SetLimits(1);
  ServeUntil([&] {
    return std::all_of(requests.begin(), requests.end(), [](auto& request) { return request->user.done(); });
  });
  Settle();
  EXPECT_EQ(open(), 1u);
  EXPECT_EQ(unclaimed(), 1u);
}

}  // namespace
}  // namespace fairlead::upstream
