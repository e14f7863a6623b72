#include "dataplane/tls/socket.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "dataplane/event/loop_test_support.h"
#include "dataplane/tls/socket_test_support.h"

namespace fairlead::tls::testing {
namespace {

using event::testing::Pattern;
using event::testing::StringSender;

INSTANTIATE_FOR_ALL_BACKENDS(PairTest);
INSTANTIATE_FOR_ALL_BACKENDS(ServerTest);

TEST_P(PairTest, TellsOfTheHandshakeOnBothSides) {
  std::string cipher;
  server_handler_.on_connected = [&] { cipher = server_->cipher(); };
  ConnectAndShakeHands();
  EXPECT_EQ(server_handler_.connected, 0);
  EXPECT_EQ(client_handler_.connected, 0);
  EXPECT_EQ(server_->server_name(), "localhost");
  EXPECT_STREQ(server_->version(), "TLSv1.3");
  EXPECT_EQ(cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_FALSE(server_->resumed());
  EXPECT_EQ(server_->protocol(), "");
  EXPECT_FALSE(server_->peer_certificate().has_value());
  ASSERT_TRUE(client_->peer_certificate().has_value());
  EXPECT_EQ(client_->peer_certificate()->subject, "CN=test");
}

TEST_P(PairTest, BytesGoBothWaysAtOnce) {
  ConnectAndShakeHands();
  ExpectBytesBothWays();
}

TEST_P(PairTest, PiecesOfEverySizeKeepTheirOrder) {
  ConnectAndShakeHands();
  const std::string bytes = Pattern(400'000);
  server_->ResumeReceive();
  iovec pieces[] = {{nullptr, 1},    {nullptr, 8191},   {nullptr, 8192}, {nullptr, 8193},   {nullptr, 3},
                    {nullptr, 5000}, {nullptr, 5000},   {nullptr, 7000}, {nullptr, 16'320}, {nullptr, 16'321},
                    {nullptr, 1},    {nullptr, 40'000}, {nullptr, 10}};
  size_t sent = 0;
  const auto send = [&] {
    size_t at = sent;
    int count = 0;
    for (iovec& piece : pieces) {
      if (at + piece.iov_len > bytes.size()) break;
      piece.iov_base = const_cast<char*>(bytes.data()) + at;
      at += piece.iov_len;
      ++count;
    }
    if (count > 0) client_->StartSend(pieces, count);
  };
  client_handler_.on_sent = [&] {
    sent += client_handler_.sent->first;
    send();
  };
  send();
  RunUntil([&] { return sent > bytes.size() - 40'000 && server_handler_.received.size() == sent; });
  EXPECT_EQ(server_handler_.received, bytes.substr(0, sent));
}

TEST_P(PairTest, EachSideEndsOnItsOwn) {
  ConnectAndShakeHands();
  server_->ResumeReceive();
  client_->ResumeReceive();
  Send(client_, "question");
  RunUntil([&] { return client_handler_.sent.has_value(); });
  client_->ShutdownSend();
  RunUntil([&] { return server_handler_.receive_end.has_value(); });
  EXPECT_EQ(server_handler_.receive_end, 0);
  EXPECT_EQ(server_handler_.received, "question");
  Send(server_, "answer");
  RunUntil([&] { return client_handler_.received == "answer"; });
  server_->ShutdownSend();
  RunUntil([&] { return client_handler_.receive_end.has_value(); });
  EXPECT_EQ(client_handler_.receive_end, 0);
}

TEST_P(PairTest, ClosingIsAnOrderlyEnd) {
  ConnectAndShakeHands();
  client_->ResumeReceive();
  RunWhatIsDue();
  std::exchange(server_, nullptr)->Close();
  RunUntil([&] { return client_handler_.receive_end.has_value(); });
  EXPECT_EQ(client_handler_.receive_end, 0);
}

TEST_P(PairTest, ClosingWithAResetIsNot) {
  ConnectAndShakeHands();
  client_->ResumeReceive();
  const linger reset = {1, 0};
  ASSERT_EQ(setsockopt(server_->fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
  std::exchange(server_, nullptr)->Close();
  RunUntil([&] { return client_handler_.receive_end.has_value(); });
  EXPECT_EQ(client_handler_.receive_end, ECONNRESET);
}

TEST_P(PairTest, SessionsAreResumed) {
  const auto sessions = std::make_shared<ClientSessions>();
  Connect(World().server_context, World().client_context, sessions);
  RunUntil([&] { return server_handler_.connected && client_handler_.connected; });
  client_->ResumeReceive();
  RunUntil([&] { return sessions->size() > 0; });
  EXPECT_FALSE(client_->HasNews()) << "tickets are nothing that the owner hears of";
  EXPECT_EQ(client_handler_.receive_count, 0);
  CloseBoth();

  Connect(World().server_context, World().client_context, sessions);
  RunUntil([&] { return server_handler_.connected && client_handler_.connected; });
  EXPECT_TRUE(server_->resumed());
  EXPECT_TRUE(client_->resumed());
  EXPECT_TRUE(client_->peer_certificate().has_value());
}

TEST_P(PairTest, AServerOfAnotherNameIsRefused) {
  Connect(World().server_context, World().Client({.server_name = "elsewhere.example"}));
  RunUntil([&] { return server_handler_.connected && client_handler_.connected; });
  EXPECT_EQ(client_handler_.connected, EPROTO);
  EXPECT_EQ(client_->failure()->text, "the peer's certificate is refused: hostname mismatch");
  EXPECT_EQ(client_->failure()->cause, FailureCause::kPeerCertificate);
}

TEST_P(PairTest, TheOtherSideHearsWhyItWasRefused) {
  Connect(World().server_context, World().Client({.trust = ParseTrust(IssueAuthority("CN=Another"))}));
  RunUntil([&] { return server_handler_.connected && client_handler_.connected; });
  EXPECT_EQ(server_handler_.connected, EPROTO);
  EXPECT_EQ(server_->failure()->text, "the peer refused it: unknown CA");
  EXPECT_EQ(server_->failure()->cause, FailureCause::kRefusedByPeer);
}

TEST_P(PairTest, AnIpAddressIsCheckedButNotAskedFor) {
  Connect(World().server_context, World().Client({.server_name = "127.0.0.1"}));
  RunUntil([&] { return server_handler_.connected && client_handler_.connected; });
  EXPECT_EQ(client_handler_.connected, 0);
  EXPECT_EQ(server_->server_name(), "");
  CloseBoth();
  Connect(World().server_context, World().Client({.server_name = "127.0.0.2"}));
  RunUntil([&] { return client_handler_.connected.has_value(); });
  EXPECT_EQ(client_handler_.connected, EPROTO);
}

TEST_P(PairTest, NothingIsHeldWhenIdle) {
  ConnectAndShakeHands();
  server_->ResumeReceive();
  client_->ResumeReceive();
  for (const auto& [socket, handler] : {std::pair{client_, &server_handler_}, {server_, &client_handler_}}) {
    Send(socket, "something");
    RunUntil([&] { return handler->received == "something"; });
  }
  RunWhatIsDue();
  NoteBlocksOfAnIdleLoop();
  Send(client_, Pattern(50'000));
  RunUntil([&] { return server_handler_.received.size() == 50'009 && client_handler_.sent.has_value(); });
  RunWhatIsDue();
  EXPECT_EQ(BlocksHeld(), 0u);
}

TEST_P(ServerTest, SpeaksWithOpenSsl) {
  ShakeHands();
  socket_->ResumeReceive();
  EXPECT_EQ(peer_->Send("hello"), 5u);
  RunUntil([&] { return handler_.received == "hello"; });
  Send("welcome");
  RunUntil([&] { return peer_->Receive() == "welcome"; });
  RunUntil([&] { return handler_.sent.has_value(); });
  EXPECT_EQ(*handler_.sent, std::make_pair(size_t{7}, 0));
}

TEST_P(ServerTest, KnowsOfNewsBeforeTheyAreTold) {
  ShakeHands();
  socket_->ResumeReceive();
  RunWhatIsDue();
  EXPECT_FALSE(socket_->HasNews());
  peer_->Send("hello");
  EXPECT_TRUE(socket_->HasNews());
  RunUntil([&] { return handler_.received == "hello"; });
  EXPECT_FALSE(socket_->HasNews());
  peer_->SayGoodbye();
  EXPECT_TRUE(socket_->HasNews()) << "the end is news, too";
}

TEST_P(ServerTest, SpeaksTls12) {
  SSL_set_max_proto_version(peer_->tls(), TLS1_2_VERSION);
  ShakeHands();
  EXPECT_STREQ(socket_->version(), "TLSv1.2");
  socket_->ResumeReceive();
  peer_->Send("hello");
  RunUntil([&] { return handler_.received == "hello"; });
}

TEST_P(ServerTest, OlderVersionsAreRefused) {
  SSL_set_security_level(peer_->tls(), 0);
  SSL_set_min_proto_version(peer_->tls(), TLS1_VERSION);
  SSL_set_max_proto_version(peer_->tls(), TLS1_1_VERSION);
  RunUntil([&] { return peer_->Handshake() || peer_->failed(); });
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_EQ(handler_.connected, EPROTO);
  EXPECT_EQ(socket_->failure()->cause, FailureCause::kVersion);
}

TEST_P(ServerTest, BytesArriveAsTheyMayBeTold) {
  ShakeHands();
  const std::string bytes = Pattern(300'000);
  size_t sent = peer_->Send(bytes);
  RunWhatIsDue();
  EXPECT_EQ(handler_.received, "");
  // Paused after each piece.
  handler_.on_received = [&] {
    socket_->PauseReceive();
    loop_->mailbox().Post([&] { socket_->ResumeReceive(); });
  };
  socket_->ResumeReceive();
  RunUntil([&] {
    sent += peer_->Send(std::string_view(bytes).substr(sent));
    return handler_.received.size() == bytes.size();
  });
  EXPECT_EQ(handler_.received, bytes);
}

TEST_P(ServerTest, AnEndWithoutGoodbyeIsNone) {
  ShakeHands();
  socket_->ResumeReceive();
  peer_->Send("half a mess");
  peer_->peer().ShutdownSend();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.received, "half a mess");
  EXPECT_EQ(handler_.receive_end, ECONNRESET);
}

TEST_P(ServerTest, AGoodbyeWithTheConnectionsEndIsAnOrderlyEnd) {
  ShakeHands();
  socket_->ResumeReceive();
  peer_->Send("all of it");
  peer_->SayGoodbye();
  peer_->peer().ShutdownSend();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.received, "all of it");
  EXPECT_EQ(handler_.receive_end, 0);
}

TEST_P(ServerTest, TheEndWaitsForWhoPauses) {
  ShakeHands();
  peer_->Send("last words");
  peer_->SayGoodbye();
  RunWhatIsDue();
  EXPECT_FALSE(handler_.receive_end.has_value());
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.received, "last words");
}

TEST_P(ServerTest, ShuttingDownSaysGoodbye) {
  ShakeHands();
  Send("last words");
  RunUntil([&] { return handler_.sent.has_value(); });
  socket_->ShutdownSend();
  std::string received;
  RunUntil([&] {
    received += peer_->Receive();
    return peer_->ended();
  });
  EXPECT_EQ(received, "last words");
  EXPECT_FALSE(peer_->failed());
}

TEST_P(ServerTest, GarbageInPlaceOfAHandshakeIsTold) {
  peer_->peer().Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_EQ(handler_.connected, EPROTO);
  EXPECT_EQ(socket_->failure()->cause, FailureCause::kMalformed);
  EXPECT_EQ(socket_->failure()->text, "http request");
}

TEST_P(ServerTest, GarbageInPlaceOfARecordIsAnError) {
  ShakeHands();
  socket_->ResumeReceive();
  peer_->peer().Send(std::string("\x17\x03\x03\x00\x20 this was encrypted by nobody....", 37));
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.receive_end, EPROTO);
  Send("too late");
  RunUntil([&] { return handler_.sent.has_value(); });
  EXPECT_EQ(*handler_.sent, std::make_pair(size_t{0}, EPROTO));
  RunUntil([&] {
    peer_->Receive();
    return peer_->failed();
  });
}

TEST_P(ServerTest, APeerThatLeavesWithinTheHandshakeIsTold) {
  EXPECT_FALSE(peer_->Handshake());
  peer_->peer().Close();
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_EQ(handler_.connected, ECONNRESET);
  EXPECT_EQ(socket_->failure()->cause, FailureCause::kClosed);
}

TEST_P(ServerTest, ASlowReaderHoldsUpTheSender) {
  ShakeHands();
  const std::string bytes = Pattern(20'000'000);
  StringSender sender(socket_, &handler_, bytes);
  size_t before;
  do {
    before = handler_.total_sent;
    RunWhatIsDue();
  } while (handler_.total_sent != before);
  EXPECT_LT(handler_.total_sent, bytes.size());
  EXPECT_LT(loop_->blocks().blocks_in_use() * buffer::BlockPool::kBlockSize, bytes.size() / 2) << "nor is it piled up";
  std::string received;
  RunUntil([&] {
    received += peer_->Receive();
    return received.size() == bytes.size();
  });
  EXPECT_EQ(received, bytes);
}

TEST_P(ServerTest, NewKeysComeWithoutTheOwnersNotice) {
  ShakeHands();
  socket_->ResumeReceive();
  for (int i = 0; i < 10; ++i) {
    SSL_key_update(peer_->tls(), SSL_KEY_UPDATE_REQUESTED);
    peer_->Send("x");
    RunUntil([&] { return handler_.received.size() == static_cast<size_t>(i) + 1; });
    handler_.sent.reset();
    Send("y");
    RunUntil([&] { return peer_->Receive() == "y"; });
    RunUntil([&] { return handler_.sent.has_value(); });
  }
}

TEST_P(ServerTest, RenegotiationIsRefused) {
  SSL_set_max_proto_version(peer_->tls(), TLS1_2_VERSION);
  ShakeHands();
  socket_->ResumeReceive();
  SSL_renegotiate(peer_->tls());
  peer_->Handshake();
  RunWhatIsDue();
  RunUntil([&] {
    peer_->Receive();
    return peer_->failed();
  });
  EXPECT_EQ(handler_.received, "");
}

TEST_P(ServerTest, RecordsMayComeByteByByte) {
  // Between OpenSSL and the socket stand two memory BIOs, whose bytes go on one by one.
  BIO* to_server = BIO_new(BIO_s_mem());
  BIO* to_client = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(to_client, -1);
  SSL_set_bio(peer_->tls(), to_client, to_server);
  socket_->ResumeReceive();
  const auto step = [&] {
    const std::string down = peer_->peer().Receive();
    if (!down.empty()) BIO_write(to_client, down.data(), static_cast<int>(down.size()));
    char byte;
    for (int i = 0; i < 20 && BIO_read(to_server, &byte, 1) == 1; ++i) {
      peer_->peer().Send({&byte, 1});
      loop_->RunOnce(/*wait=*/false);
    }
  };
  RunUntil([&] {
    step();
    return peer_->Handshake() && handler_.connected.has_value();
  });
  peer_->Send("one ");
  peer_->Send("two ");
  RunUntil([&] {
    step();
    return handler_.received == "one two ";
  });
}

TEST_P(ServerTest, ClosingWithinACallbackIsFine) {
  ShakeHands();
  socket_->ResumeReceive();
  handler_.on_received = [&] { std::exchange(socket_, nullptr)->Close(); };
  peer_->Send("one");
  peer_->Send("two");
  RunUntil([&] { return socket_ == nullptr; });
  RunWhatIsDue();
  EXPECT_EQ(handler_.received, "one");
}

TEST_P(ServerTest, ClosingWithASendUnderWayIsFine) {
  ShakeHands();
  const std::string bytes = Pattern(20'000'000);
  StringSender sender(socket_, &handler_, bytes);
  RunWhatIsDue();
  std::exchange(socket_, nullptr)->Close();
  RunWhatIsDue();
  std::string received;
  RunUntil([&] {
    received += peer_->Receive();
    return peer_->failed() || peer_->ended();
  });
  EXPECT_TRUE(peer_->failed()) << "what was cut must not look like a whole";
}

}  // namespace
}  // namespace fairlead::tls::testing
