// What of a server's handshake is worth a helper, with OpenSSL as the client, over memory.
#include "dataplane/tls/handshake_progress.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <utility>

#include "dataplane/tls/openssl.h"
#include "dataplane/tls/server_context.h"
#include "dataplane/tls/socket_test_support.h"

namespace fairlead::tls::testing {
namespace {

class HandshakeProgressTest : public ::testing::Test {
 protected:
  HandshakeProgressTest() { Begin(World().server_context); }

  void Begin(std::shared_ptr<const ServerContext> context) {
    context_ = std::move(context);
    server_.reset(SSL_new(context_->context()));
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_accept_state(server_.get());
    SSL_set_connect_state(client_.get());
    BIO *of_server = nullptr, *of_client = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&of_server, 0, &of_client, 0), 1);
    SSL_set_bio(server_.get(), of_server, of_server);
    SSL_set_bio(client_.get(), of_client, of_client);
  }
  void ClientSends() { SSL_do_handshake(client_.get()); }
  HandshakeProgress ServerAnswers() { return Advance(server_.get(), nullptr); }
  bool IsServersRestCheap() { return IsRestCheap(server_.get()); }

  ContextPtr client_context_{SSL_CTX_new(TLS_client_method())};
  std::shared_ptr<const ServerContext> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> server_{nullptr, SSL_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> client_{nullptr, SSL_free};
};

TEST_F(HandshakeProgressTest, TheRestIsCheapOnceTheServerHasSigned) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Begin(World().server_context);
    SSL_set_max_proto_version(client_.get(), version);
    EXPECT_FALSE(IsServersRestCheap());
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
    EXPECT_TRUE(IsServersRestCheap());
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kDone);
  }
}

// RFC 8446 §4.1.4: the key's work comes with the answer to the second ClientHello.
TEST_F(HandshakeProgressTest, AHelloRetryRequestIsNoSignature) {
  ASSERT_EQ(SSL_set1_groups_list(client_.get(), "P-521:P-256"), 1);
  ClientSends();
  EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
  EXPECT_FALSE(IsServersRestCheap());
  ClientSends();
  EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
  EXPECT_TRUE(IsServersRestCheap());
}

TEST_F(HandshakeProgressTest, APieceOfAClientHelloIsNotEvenTheBeginning) {
  BIO* const whole = BIO_new(BIO_s_mem());
  SSL_set0_wbio(client_.get(), whole);
  ClientSends();
  char* bytes = nullptr;
  ASSERT_GT(BIO_get_mem_data(whole, &bytes), 100);
  BIO_write(SSL_get_rbio(client_.get()), bytes, 100);
  EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
  EXPECT_FALSE(IsServersRestCheap());
}

// Checking what it sends costs more than the server's own signature.
TEST_F(HandshakeProgressTest, AClientsCertificateIsNotCheap) {
  Begin(World().Server({.client_auth = ClientAuth::kOptional, .trust = World().trust}));
  ClientSends();
  EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
  EXPECT_FALSE(IsServersRestCheap());
}

TEST_F(HandshakeProgressTest, StopsOnceWhereTheKeyIsNeeded) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Begin(World().server_context);
    SSL_set_max_proto_version(client_.get(), version);
    context_->StopAtKey(server_.get());
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kNeedsKey);
    EXPECT_FALSE(IsServersRestCheap());
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
    EXPECT_TRUE(IsServersRestCheap());
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kDone);
  }
}

TEST_F(HandshakeProgressTest, AResumedSessionNeedsNoKey) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Begin(World().server_context);
    SSL_set_max_proto_version(client_.get(), version);
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kDone);
    char byte;
    SSL_read(client_.get(), &byte, 1);  // tickets
    const SessionPtr session(SSL_get1_session(client_.get()));
    SSL_set_shutdown(client_.get(), SSL_SENT_SHUTDOWN);  // else it is not resumable

    Begin(World().server_context);
    SSL_set_max_proto_version(client_.get(), version);
    SSL_set_session(client_.get(), session.get());
    context_->StopAtKey(server_.get());
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kWaits);
    EXPECT_TRUE(IsServersRestCheap());
    ClientSends();
    EXPECT_EQ(ServerAnswers(), HandshakeProgress::kDone);
    EXPECT_EQ(SSL_session_reused(server_.get()), 1);
  }
}

}  // namespace
}  // namespace fairlead::tls::testing
