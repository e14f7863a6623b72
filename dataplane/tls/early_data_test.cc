// Early data (0-RTT) at a server's socket, with OpenSSL as the client.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/event/loop_test_support.h"
#include "dataplane/tls/handshake_pool.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/resumption.h"
#include "dataplane/tls/server_context.h"
#include "dataplane/tls/socket.h"
#include "dataplane/tls/socket_test_support.h"
#include "dataplane/tls/ticket_keys.h"

namespace fairlead::tls::testing {
namespace {

struct RecordingEarlyHandler final : EarlyHandshakeHandler {
  void OnHandshakeEnd(int end) override { error = end; }
  std::optional<int> error;
};

class EarlyDataTest : public ServerTest {
 protected:
  EarlyDataTest() : context_(World().Server({.name = "web", .early_data = true})) { TakeTicket(); }

  // A first visit, which leaves session_.
  void TakeTicket() {
    Begin(context_);
    ShakeHands();
    EXPECT_EQ(socket_->early_data(), EarlyDataOutcome::kNotSent);
    Send("x");
    std::string received;
    RunUntil([&] {
      received += peer_->Receive();
      return received == "x";
    });
    session_.reset(SSL_SESSION_dup(SSL_get0_session(peer_->tls())));
    EXPECT_EQ(SSL_SESSION_get_max_early_data(session_.get()), 16'384U);
  }

  // A client that comes back, and sends this before it has heard anything.
  void ComeBack(std::string_view bytes, HandshakePool* helpers = nullptr) {
    socket_->Close();
    handler_ = {};
    early_handler_ = {};
    was_early_ = false;
    auto [fd, peer] = event::testing::TcpPair();
    socket_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), context_, &handler_, {}, helpers);
    peer_ = std::make_unique<OpenSslPeer>(std::move(peer), /*server=*/false);
    handler_.on_connected = [this] {
      was_early_ = socket_->early();
      if (was_early_) socket_->set_early_handler(&early_handler_);
    };
    SendEarly(bytes);
  }

  void SendEarly(std::string_view bytes) {
    SSL_set_session(peer_->tls(), session_.get());
    size_t written = 0;
    EXPECT_EQ(SSL_write_early_data(peer_->tls(), bytes.data(), bytes.size(), &written), 1);
    EXPECT_EQ(written, bytes.size());
  }

  void FinishHandshake() {
    RunUntil([&] { return peer_->Handshake() && early_handler_.error.has_value(); });
    EXPECT_EQ(early_handler_.error, 0);
    EXPECT_FALSE(socket_->early());
  }

  const std::shared_ptr<const TicketKeys> keys_ = std::make_shared<const GivenTicketKeys>(
      std::vector<TicketKey>{TicketKey(std::string(TicketKey::kBytes, 'k'), 0)});
  std::shared_ptr<const ServerContext> context_;
  SessionPtr session_;
  RecordingEarlyHandler early_handler_;
  bool was_early_ = false;
};
INSTANTIATE_FOR_ALL_BACKENDS(EarlyDataTest);

TEST_P(EarlyDataTest, ComesBeforeTheHandshakesEndAndIsAnsweredBeforeIt) {
  ComeBack("hello");
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.received == "hello"; });
  EXPECT_TRUE(was_early_);
  EXPECT_TRUE(socket_->early());
  EXPECT_TRUE(socket_->resumed());
  EXPECT_EQ(socket_->early_data(), EarlyDataOutcome::kTaken);
  EXPECT_STREQ(socket_->version(), "TLSv1.3");
  Send("answer");
  RunUntil([&] { return handler_.total_sent == 6; });
  EXPECT_TRUE(socket_->early());
  FinishHandshake();
  EXPECT_EQ(peer_->Receive(), "answer");
  peer_->Send(" world");
  RunUntil([&] { return handler_.received == "hello world"; });
}

TEST_P(EarlyDataTest, IsKeptForWhoDoesNotWantItYet) {
  const std::string early(16'000, 'e');
  ComeBack(early);
  RunUntil([&] { return was_early_; });
  FinishHandshake();
  peer_->Send("later");
  EXPECT_EQ(handler_.received, "");
  EXPECT_TRUE(socket_->HasNews());
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.received.size() == early.size() + 5; });
  EXPECT_EQ(handler_.received, early + "later");
}

TEST_P(EarlyDataTest, TheEndIsSaidAfterTheHandshakes) {
  ComeBack("hello");
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.received == "hello"; });
  Send("bye");
  RunUntil([&] { return handler_.total_sent == 3; });
  socket_->ShutdownSend();
  FinishHandshake();
  std::string received;
  RunUntil([&] {
    received += peer_->Receive();
    return peer_->ended();
  });
  EXPECT_EQ(received, "bye");
}

TEST_P(EarlyDataTest, AClientThatLeavesIsToldOf) {
  ComeBack("hello");
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.received == "hello"; });
  peer_->peer().ShutdownSend();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.receive_end, ECONNRESET);
  EXPECT_EQ(early_handler_.error, ECONNRESET);
  EXPECT_EQ(socket_->failure()->cause, FailureCause::kClosed);
}

TEST_P(EarlyDataTest, AHandshakeThatTakesTooLongEndsTheConnection) {
  ComeBack("hello");
  RunUntil([&] { return was_early_; });
  socket_->GiveUpHandshake();
  EXPECT_EQ(early_handler_.error, ETIMEDOUT);
  EXPECT_EQ(handler_.receive_end, ETIMEDOUT);
}

TEST_P(EarlyDataTest, WhatIsNoTlsFailsTheHandshake) {
  ComeBack("hello");
  RunUntil([&] { return was_early_; });
  peer_->peer().Send("this is no record of TLS at all");
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.receive_end, EPROTO);
  EXPECT_EQ(early_handler_.error, EPROTO);
}

TEST_P(EarlyDataTest, WhoClosesMeanwhileIsToldToo) {
  ComeBack("hello");
  RunUntil([&] { return was_early_; });
  std::exchange(socket_, nullptr)->Close();
  EXPECT_EQ(early_handler_.error, ECANCELED);
  Begin(context_);
}

TEST_P(EarlyDataTest, HelpersReadItAsWell) {
  HandshakePool helpers(1);
  ComeBack("hello", &helpers);
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.received == "hello"; });
  EXPECT_TRUE(was_early_);
  Send("answer");
  FinishHandshake();
  RunUntil([&] { return handler_.total_sent == 6; });
  helpers.Stop();
}

// The very bytes of a client, once more.
TEST_P(EarlyDataTest, ARecordingIsNotTakenAgain) {
  SSL_CTX* const client = SSL_CTX_new(TLS_client_method());
  SSL* const tls = SSL_new(client);
  SSL_set_connect_state(tls);
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(tls, BIO_new(BIO_s_mem()), out);
  SSL_set_session(tls, session_.get());
  size_t written = 0;
  EXPECT_EQ(SSL_write_early_data(tls, "hello", 5, &written), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  const std::string recording(bytes, static_cast<size_t>(size));
  SSL_free(tls);
  SSL_CTX_free(client);

  for (const bool again : {false, true}) {
    socket_->Close();
    handler_ = {};
    auto [fd, peer] = event::testing::TcpPair();
    socket_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), context_, &handler_);
    peer.Send(recording);
    socket_->ResumeReceive();
    std::string flight;
    RunUntil([&] {
      flight += peer.Receive();
      return !flight.empty();
    });
    EXPECT_EQ(handler_.received, again ? "" : "hello");
    EXPECT_EQ(socket_->early_data(), again ? EarlyDataOutcome::kReplayed : EarlyDataOutcome::kTaken);
  }
}

TEST_P(EarlyDataTest, WhatIsNotTakenIsSkippedAndSentAgain) {
  // Another listener, of other keys: a full handshake.
  auto [fd, peer] = event::testing::TcpPair();
  const auto stranger = World().Server({.name = "web", .early_data = true});
  socket_->Close();
  handler_ = {};
  socket_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), stranger, &handler_);
  peer_ = std::make_unique<OpenSslPeer>(std::move(peer), /*server=*/false);
  SendEarly("hello");
  socket_->ResumeReceive();
  ShakeHands();
  EXPECT_EQ(socket_->early_data(), EarlyDataOutcome::kRefused);
  EXPECT_EQ(SSL_get_early_data_status(peer_->tls()), SSL_EARLY_DATA_REJECTED);
  peer_->Send("hello");
  RunUntil([&] { return handler_.received == "hello"; });
}

TEST_P(EarlyDataTest, WhatWasTakenIsRememberedByTheServerThatTakesOver) {
  ServerSettings settings = context_->settings();
  const auto next = *ServerContext::Create(settings, context_.get());
  EXPECT_EQ(next->replay_guard(), context_->replay_guard());
  settings.ticket_keys = keys_;
  const auto fleet = *ServerContext::Create(settings, next.get());
  EXPECT_NE(fleet->replay_guard(), next->replay_guard()) << "what others have taken on these keys is not known";
  EXPECT_EQ((*ServerContext::Create(settings, fleet.get()))->replay_guard(), fleet->replay_guard());
  settings.early_data = false;
  EXPECT_EQ((*ServerContext::Create(settings, fleet.get()))->replay_guard(), nullptr);
}

TEST_P(EarlyDataTest, IsNotTakenAtFirstWhereOthersHaveTheKeys) {
  const auto fleet = World().Server({.name = "web", .ticket_keys = keys_, .early_data = true});
  context_ = fleet;
  TakeTicket();
  ComeBack("hello");
  socket_->ResumeReceive();
  ShakeHands();
  EXPECT_EQ(socket_->early_data(), EarlyDataOutcome::kNoRoom);
  EXPECT_TRUE(socket_->resumed());
}

}  // namespace
}  // namespace fairlead::tls::testing
