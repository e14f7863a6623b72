#include "dataplane/tls/handshake_pool.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "dataplane/event/loop_test_support.h"
#include "dataplane/tls/socket.h"
#include "dataplane/tls/socket_test_support.h"

namespace fairlead::tls::testing {
namespace {

using event::testing::Pattern;
using event::testing::RecordingHandler;
using event::testing::StringSender;

// Both ends of many connections in one loop, which shake hands all at once.
class Crowd {
 public:
  Crowd(event::Loop& loop, HandshakePool& helpers) {
    for (One& one : all_) {
      auto [fd, peer] = event::testing::TcpPair();
      one.server =
          Socket::Accept(loop, loop.Adopt(fd, nullptr), World().server_context, &one.server_handler, {}, &helpers);
      one.client = Socket::ConnectOver(loop, loop.Adopt(peer.Release(), nullptr), World().client_context, nullptr,
                                       &one.client_handler);
    }
  }
  ~Crowd() {
    for (const One& one : all_) {
      one.server->Close();
      one.client->Close();
    }
  }

  bool done() const {
    return std::ranges::all_of(
        all_, [](const One& one) { return one.server_handler.connected == 0 && one.client_handler.connected == 0; });
  }

 private:
  struct One {
    RecordingHandler server_handler, client_handler;
    Socket* server;
    Socket* client;
  };
  std::array<One, 60> all_;
};

// Servers whose handshakes are done by two helpers.
class HandshakePoolTest : public PairTest {
 protected:
  // As where workers end: first the threads, then the sockets, and the pool with what it was left.
  ~HandshakePoolTest() override {
    helpers_.Stop();
    CloseBoth();
  }

  void ShakeHands(std::shared_ptr<const ServerContext> server, std::shared_ptr<const ClientContext> client) {
    Connect(std::move(server), std::move(client), /*sessions=*/nullptr, &helpers_);
    RunUntil([&] { return server_handler_.connected && client_handler_.connected; });
  }

  HandshakePool helpers_{2};
};
INSTANTIATE_FOR_ALL_BACKENDS(HandshakePoolTest);

TEST_P(HandshakePoolTest, TellsOfTheHandshakeAndCarriesBytesBothWays) {
  ShakeHands(World().server_context, World().client_context);
  EXPECT_EQ(server_handler_.connected, 0);
  EXPECT_EQ(server_->server_name(), "localhost");
  EXPECT_STREQ(server_->version(), "TLSv1.3");
  ExpectBytesBothWays();
}

TEST_P(HandshakePoolTest, WhatComesRightBehindTheHandshakeIsNotLost) {
  Connect(World().server_context, World().client_context, nullptr, &helpers_);
  const std::string bytes = Pattern(100'000);
  server_->ResumeReceive();
  // Sent with the client's last flight: the server's step gets it, too.
  RunUntil([&] { return client_handler_.connected.has_value(); });
  StringSender from_client(client_, &client_handler_, bytes);
  RunUntil([&] { return server_handler_.received.size() == bytes.size(); });
  EXPECT_EQ(server_handler_.received, bytes);
}

TEST_P(HandshakePoolTest, OnceTheKeyHasDoneItsWorkTheRestIsTheLoopsOwn) {
  auto [fd, peer] = event::testing::TcpPair();
  OpenSslPeer client(std::move(peer), /*server=*/false);
  server_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), World().server_context, &server_handler_, {}, &helpers_);
  RunUntil([&] { return client.Handshake(); });
  helpers_.Stop();  // what it were given now, would not be done
  RunUntil([&] { return server_handler_.connected.has_value(); });
  EXPECT_EQ(server_handler_.connected, 0);
}

TEST_P(HandshakePoolTest, Tls12ComesThroughAsWell) {
  Connect(World().server_context, World().client_context, nullptr, nullptr);
  CloseBoth();
  auto [fd, peer] = event::testing::TcpPair();
  OpenSslPeer client(std::move(peer), /*server=*/false);
  SSL_set_max_proto_version(client.tls(), TLS1_2_VERSION);
  server_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), World().server_context, &server_handler_, {}, &helpers_);
  bool done = false;
  RunUntil([&] {
    done = done || client.Handshake();
    return done && server_handler_.connected.has_value();
  });
  EXPECT_EQ(server_handler_.connected, 0);
  EXPECT_STREQ(server_->version(), "TLSv1.2");
}

TEST_P(HandshakePoolTest, AFailureIsToldWithItsCause) {
  auto [fd, peer] = event::testing::TcpPair();
  server_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), World().server_context, &server_handler_, {}, &helpers_);
  peer.Send("GET / HTTP/1.1\r\n\r\n");
  RunUntil([&] { return server_handler_.connected.has_value(); });
  EXPECT_EQ(server_handler_.connected, EPROTO);
  ASSERT_NE(server_->failure(), nullptr);
  EXPECT_EQ(server_->failure()->cause, FailureCause::kMalformed);
}

// In whatever moment of its handshake a socket is closed, nothing is called, nothing leaks (asan), nothing races
// (tsan).
TEST_P(HandshakePoolTest, ASocketMayBeClosedDuringAStep) {
  for (int turns = 0; turns < 12; ++turns) {
    Connect(World().server_context, World().client_context, nullptr, &helpers_);
    for (int turn = 0; turn < turns; ++turn) loop_->RunOnce(/*wait=*/false);
    RecordingHandler* const handler = &server_handler_;
    server_->Close();
    server_ = nullptr;
    handler->connected.reset();
    client_->Close();
    client_ = nullptr;
    RunWhatIsDue();
    EXPECT_FALSE(handler->connected.has_value());
    client_handler_ = {};
  }
}

TEST_P(HandshakePoolTest, ManyAtOnceAllComeThrough) {
  Crowd crowd(*loop_, helpers_);
  RunUntil([&] { return crowd.done(); });
}

// Each is called on its own thread alone (tsan).
TEST_P(HandshakePoolTest, LoopsOfSeveralThreadsShareIt) {
  std::jthread other([this] {
    const std::unique_ptr<event::Loop> loop = *event::Loop::Create(GetParam());
    Crowd crowd(*loop, helpers_);
    while (!crowd.done()) loop->RunOnce(/*wait=*/true);
  });
  Crowd crowd(*loop_, helpers_);
  RunUntil([&] { return crowd.done(); });
}

TEST_P(HandshakePoolTest, WhatIsSubmittedAfterTheEndIsDroppedWithThePool) {
  helpers_.Stop();
  Connect(World().server_context, World().client_context, nullptr, &helpers_);
  RunWhatIsDue();
  EXPECT_FALSE(server_handler_.connected.has_value());
}

}  // namespace
}  // namespace fairlead::tls::testing
