// What is spoken with servers that choose it by ALPN (config::BackendProtocol::kAuto).

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/config/backend.h"
#include "dataplane/config/server.h"
#include "dataplane/event/loop_test_support.h"
#include "dataplane/metrics/backend_counters.h"
#include "dataplane/tls/client_context.h"
#include "dataplane/tls/socket_test_support.h"
#include "dataplane/upstream/server.h"
#include "dataplane/upstream/upstream_test_support.h"

namespace fairlead::upstream {
namespace {

using config::AdminState;
using event::testing::TestListener;
using http::ServerError;
using testing::TestUser;
using testing::UpstreamTest;
using tls::testing::OpenSslPeer;
using tls::testing::World;

constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);

// HEADERS with ":status: 200" that end the stream.
std::string Ok(int stream) { return std::string("\0\0\1\1\5\0\0\0", 8) + static_cast<char>(stream) + "\x88"; }

std::shared_ptr<const config::BackendTls> MakeTls() {
  auto tls = std::make_shared<config::BackendTls>();
  tls->http = World().Client({.protocols = {"h2", "http/1.1"}});
  tls->http1 = World().Client({.protocols = {"http/1.1"}});
  tls->raw = World().Client({});
  return tls;
}

class AutoProtocolTest : public UpstreamTest {
 protected:
  AutoProtocolTest() : config_(MakeServer(listener_)) {
    settings_.protocol = config::BackendProtocol::kAuto;
    settings_.tls = MakeTls();
  }
  ~AutoProtocolTest() override {
    if (server_ != nullptr) Run([&] { Server::Retire(std::move(server_)); });
    EXPECT_EQ(config_->counters->active_requests.load(), 0u);
    EXPECT_EQ(config_->counters->open_connections.load(), 0u);
    EXPECT_EQ(counters_.upstream_http2_connections.value(), 0u);
  }

  Server* server() {
    if (server_ == nullptr) {
      server_ = std::make_unique<Server>(&environment_, config_.get(), &settings_, &backend_counters_, nullptr, 0);
    }
    return server_.get();
  }
  void Start(TestUser* user, bool fresh = false) {
    Run([&] { user->Start(server(), fresh); });
  }
  void Update(const config::BackendSettings& settings) {
    Run([&] { server()->Update(config_.get(), &settings); });
  }
  // The server's side of the next connection, which chooses this, once the handshake is over; empty: chooses nothing.
  std::unique_ptr<OpenSslPeer> Accept(std::string protocol) {
    auto peer = std::make_unique<OpenSslPeer>(UpstreamTest::Accept(listener_), /*server=*/true);
    if (!protocol.empty()) peer->ChooseProtocol(std::move(protocol));
    RunUntil([&] { return peer->Handshake() || peer->failed(); });
    return peer;
  }
  // Until a request of HTTP/1.1 has come, which is answered.
  void Answer(OpenSslPeer& peer) {
    std::string request;
    RunUntil([&] {
      request += peer.Receive();
      return request.ends_with("\r\n\r\n");
    });
    EXPECT_TRUE(request.starts_with("GET / HTTP/1.1\r\n")) << request;
    peer.Send(kOk);
  }
  // Until the preface of HTTP/2 has come; SETTINGS follow, and answers to so many requests.
  void AnswerHttp2(OpenSslPeer& peer, int count) {
    std::string received;
    RunUntil([&] {
      received += peer.Receive();
      return received.size() >= 24;
    });
    EXPECT_TRUE(received.starts_with("PRI * HTTP/2.0\r\n")) << received;
    peer.Send(kSettings);
    // All requests that SETTINGS allow leave together with their acknowledgement, at the latest.
    constexpr std::string_view kAcknowledgement("\0\0\0\4\1\0\0\0\0", 9);
    RunUntil([&] {
      received += peer.Receive();
      return received.find(kAcknowledgement) != std::string::npos;
    });
    for (int i = 0; i < count; ++i) peer.Send(Ok(2 * i + 1));
  }
  void Await(TestUser& user) {
    RunUntil([&] { return user.done(); });
  }
  uint64_t connections() { return config_->counters->of_worker(0).connections.value(); }

  TestListener listener_;
  metrics::BackendWorkerCounters backend_counters_;
  config::BackendSettings settings_;
  base::CountedPtr<config::Server> config_;
  std::unique_ptr<Server> server_;
};
INSTANTIATE_FOR_ALL_BACKENDS(AutoProtocolTest);

TEST_P(AutoProtocolTest, RequestsShareTheConnectionOfAServerThatChoosesHttp2) {
  TestUser first, second, third;
  for (TestUser* user : {&first, &second, &third}) Start(user);
  EXPECT_FALSE(first.connected) << "never from inside the call";
  const auto peer = Accept("h2");
  EXPECT_EQ(peer->protocol(), "h2");
  AnswerHttp2(*peer, 3);
  for (TestUser* user : {&first, &second, &third}) {
    Await(*user);
    EXPECT_EQ(user->status, 200);
  }
  EXPECT_EQ(connections(), 1u);
  EXPECT_FALSE(server()->spoke_http1());
}

TEST_P(AutoProtocolTest, WhoCameFirstHasTheConnectionThatTurnsOutToSpeakHttp1) {
  TestUser first, second, third;
  for (TestUser* user : {&first, &second, &third}) Start(user);
  const auto peer = Accept("http/1.1");
  Answer(*peer);
  for (TestUser* user : {&first, &second, &third}) Await(*user);
  EXPECT_EQ(first.body, "ok");
  EXPECT_EQ(second.error, ServerError::kOtherProtocol) << "to be tried again, at once";
  EXPECT_EQ(third.error, ServerError::kOtherProtocol);
  EXPECT_EQ(connections(), 1u);
  EXPECT_FALSE(HasConnection(listener_));
}

TEST_P(AutoProtocolTest, AServerThatChoosesNothingSpeaksHttp1) {
  TestUser user;
  Start(&user);
  const auto peer = Accept("");
  Answer(*peer);
  Await(user);
  EXPECT_EQ(user.body, "ok");
}

TEST_P(AutoProtocolTest, NobodyWaitsForAnothersConnectionToAServerThatSpokeHttp1) {
  TestUser first;
  Start(&first);
  const auto kept = Accept("http/1.1");
  Answer(*kept);
  Await(first);

  TestUser second, third, fourth;
  for (TestUser* user : {&second, &third, &fourth}) Start(user);
  EXPECT_TRUE(second.reused()) << "it waits in the pool like any other";
  Answer(*kept);
  const auto one = Accept("http/1.1"), other = Accept("http/1.1");
  Answer(*one);
  Answer(*other);
  for (TestUser* user : {&second, &third, &fourth}) {
    Await(*user);
    EXPECT_EQ(user->body, "ok");
  }
  EXPECT_EQ(connections(), 3u);
}

TEST_P(AutoProtocolTest, AServerMayChangeItsMind) {
  {
    TestUser user;
    Start(&user);
    const auto peer = Accept("http/1.1");
    Answer(*peer);
    Await(user);
  }
  // It is redeployed with HTTP/2. The two don't know yet.
  TestUser first, second;
  Start(&first, /*fresh=*/true);
  Start(&second, /*fresh=*/true);
  EXPECT_TRUE(server()->spoke_http1());
  auto one = Accept("h2"), other = Accept("h2");
  EXPECT_FALSE(server()->spoke_http1());
  AnswerHttp2(*one, 1);
  AnswerHttp2(*other, 1);
  Await(first);
  Await(second);
  // Those to come do.
  TestUser third, fourth;
  Start(&third);
  Start(&fourth);
  EXPECT_TRUE(third.reused() && fourth.reused());
  Run([&] {
    third.Abort();
    fourth.Abort();
  });
  EXPECT_EQ(connections(), 3u);
  one.reset();
  other.reset();
  RunUntil([&] { return config_->counters->open_connections.load() == 0; });
  // And back again.
  TestUser fifth, sixth;
  Start(&fifth);
  Start(&sixth);
  const auto back = Accept("http/1.1");
  Answer(*back);
  Await(fifth);
  Await(sixth);
  EXPECT_EQ(fifth.body, "ok");
  EXPECT_EQ(sixth.error, ServerError::kOtherProtocol);
  EXPECT_TRUE(server()->spoke_http1());
}

TEST_P(AutoProtocolTest, AConnectionKeepsItsPlaceWhateverItSpeaks) {
  config_->SetLimits(1, config::kNoLimit);
  TestUser first, second;
  Start(&first);
  Start(&second);
  EXPECT_EQ(config_->counters->open_connections.load(), 1u);
  const auto peer = Accept("http/1.1");
  RunUntil([&] { return first.connected && second.done(); });
  EXPECT_EQ(config_->counters->open_connections.load(), 1u);
  EXPECT_FALSE(server()->HasRoom()) << "for whoever is told to go elsewhere";
  Answer(*peer);
  Await(first);
  EXPECT_EQ(config_->counters->open_connections.load(), 1u);
  EXPECT_TRUE(server()->HasRoom()) << "it is idle";
  TestUser third;
  Start(&third);
  EXPECT_TRUE(third.reused());
  Answer(*peer);
  Await(third);
}

TEST_P(AutoProtocolTest, OnlyHttp1IsOfferedForWhatHttp2CanNotDo) {
  TestUser user;
  user.must_have_http1 = true;
  Start(&user, /*fresh=*/true);
  const auto peer = Accept("http/1.1");
  Answer(*peer);
  Await(user);
  EXPECT_EQ(user.body, "ok");

  TestUser other;
  other.must_have_http1 = true;
  Start(&other, /*fresh=*/true);
  EXPECT_TRUE(Accept("h2")->failed()) << "h2 was not offered";
  Await(other);
  EXPECT_EQ(other.error, ServerError::kTlsFailed);
}

TEST_P(AutoProtocolTest, AConnectionOfOtherSettingsServesWhoWaitedForIt) {
  for (const std::string protocol : {"h2", "http/1.1"}) {
    TestUser user;
    Start(&user, /*fresh=*/true);
    config::BackendSettings settings = settings_;
    settings.protocol = config::BackendProtocol::kHttp1;
    settings.tls = MakeTls();
    Update(settings);
    const auto peer = Accept(protocol);
    if (protocol == "h2") {
      AnswerHttp2(*peer, 1);
    } else {
      Answer(*peer);
    }
    Await(user);
    EXPECT_EQ(user.status, 200);
    RunUntil([&] {
      peer->Receive();
      return peer->ended() || peer->failed();
    });
    Update(settings_);
  }
}

TEST_P(AutoProtocolTest, WhoeverLeavesBeforeItStandsLeavesNothingBehind) {
  TestUser first, second;
  Start(&first);
  Start(&second);
  Run([&] { first.Abort(); });
  const auto peer = Accept("http/1.1");
  Answer(*peer);
  Await(second);
  EXPECT_EQ(second.body, "ok") << "who is left has it";

  TestUser third;
  Start(&third, /*fresh=*/true);
  Run([&] { third.Abort(); });
  EXPECT_EQ(config_->counters->open_connections.load(), 1u) << "the idle one";
}

TEST_P(AutoProtocolTest, MaintenanceEndsWhatStillWaits) {
  TestUser first, second;
  Start(&first);
  Start(&second);
  auto next = base::MakeCounted<config::Server>(*config_);
  next->admin_state = AdminState::kMaint;
  Run([&] { server()->Update(next.get(), &settings_); });
  EXPECT_EQ(first.error, ServerError::kAbandoned);
  EXPECT_EQ(second.error, ServerError::kAbandoned);
  Run([&] { server()->Update(config_.get(), &settings_); });
}

}  // namespace
}  // namespace fairlead::upstream
