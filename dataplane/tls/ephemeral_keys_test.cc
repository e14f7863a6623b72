#include "dataplane/tls/ephemeral_keys.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <utility>

#include "dataplane/tls/openssl.h"
#include "dataplane/tls/socket_test_support.h"

namespace fairlead::tls {
namespace {

struct FreeConnection {
  void operator()(SSL* connection) const { SSL_free(connection); }
};
using Connection = std::unique_ptr<SSL, FreeConnection>;

// Both sides of a connection, whose handshake is over.
struct Pair {
  explicit Pair(int version, const char* group)
      : server(SSL_new(testing::World().server_context->context())),
        client(SSL_new(testing::World().client_context->context())) {
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    SSL_set_max_proto_version(client.get(), version);
    SSL_set1_groups_list(client.get(), group);
    BIO *one, *other;
    BIO_new_bio_pair(&one, 0, &other, 0);
    SSL_set_bio(server.get(), one, one);
    SSL_set_bio(client.get(), other, other);
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
  }
  void ExpectBytesBothWays() const {
    char buffer[10];
    for (const auto& [from, to] : {std::pair(server.get(), client.get()), std::pair(client.get(), server.get())}) {
      EXPECT_EQ(SSL_write(from, "hello", 5), 5);
      EXPECT_EQ(SSL_read(to, buffer, sizeof(buffer)), 5);
    }
  }

  Connection server, client;
};

// Those that the connection has and that can be told.
int CountKeys(SSL* connection) {
  int count = 0;
  for (const bool of_peer : {false, true}) {
    EVP_PKEY* key = nullptr;
    const long result = of_peer ? SSL_get_peer_tmp_key(connection, &key) : SSL_get_tmp_key(connection, &key);
    if (result != 1) continue;
    const KeyPtr owner(key);
    unsigned char* bytes = nullptr;
    count += EVP_PKEY_get1_encoded_public_key(key, &bytes) > 0;
    OPENSSL_free(bytes);
    ERR_clear_error();
  }
  return count;
}

struct Case {
  int version;
  const char* group;
};

class EphemeralKeys : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, EphemeralKeys,
                         ::testing::Values(Case{TLS1_3_VERSION, "X25519"}, Case{TLS1_3_VERSION, "P-256"},
                                           Case{TLS1_2_VERSION, "X25519:P-256"}, Case{TLS1_2_VERSION, "P-256"}));

TEST_P(EphemeralKeys, AreGoneAndTheConnectionGoesOn) {
  const Pair pair(GetParam().version, GetParam().group);
  ASSERT_TRUE(SSL_is_init_finished(pair.server.get()));
  const bool newest = GetParam().version == TLS1_3_VERSION;
  if (newest) {
    EXPECT_EQ(CountKeys(pair.server.get()), 2) << "OpenSSL keeps them";
  }
  for (SSL* side : {pair.server.get(), pair.client.get()}) {
    ForgetEphemeralKeys(side);
    EXPECT_EQ(CountKeys(side), 0);
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
  pair.ExpectBytesBothWays();
  if (newest) {
    EXPECT_EQ(SSL_key_update(pair.client.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    pair.ExpectBytesBothWays();
    pair.ExpectBytesBothWays();
  }
}

}  // namespace
}  // namespace fairlead::tls
