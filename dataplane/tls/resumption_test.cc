// By whom, where and how long sessions are resumed, with OpenSSL as the client.
#include "dataplane/tls/resumption.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/tls/openssl.h"
#include "dataplane/tls/server_context.h"
#include "dataplane/tls/session_cache.h"
#include "dataplane/tls/socket_test_support.h"
#include "dataplane/tls/test_certificates.h"
#include "dataplane/tls/ticket_keys.h"

namespace fairlead::tls::testing {
namespace {

std::shared_ptr<const TicketKeys> Keys(std::vector<std::pair<char, int64_t>> names_and_times) {
  std::vector<TicketKey> keys;
  for (const auto& [name, not_before_ms] : names_and_times) {
    keys.emplace_back(std::string(TicketKey::kBytes, name), not_before_ms);
  }
  return std::make_shared<const GivenTicketKeys>(std::move(keys));
}

class ResumptionTest : public ServerTest {
 protected:
  // What the server says of a client's connection, after which the client has what is resumed next.
  struct Heard {
    bool resumed = false;
    bool by_id = false;
    std::optional<ResumptionRefusal> refusal;
    std::string server_name;
    bool has_certificate = false;
  };

  // A connection with what an earlier one has left, if `resume`. `prepare`: the client.
  Heard Visit(
      const std::shared_ptr<const ServerContext>& context, bool resume = true,
      const std::function<void(SSL*)>& prepare = [](SSL*) {}) {
    Begin(context);
    SSL* const tls = peer_->tls();
    SSL_set_max_proto_version(tls, version_);
    if (!name_.empty()) SSL_set_tlsext_host_name(tls, name_.c_str());
    if (no_tickets_) SSL_set_options(tls, SSL_OP_NO_TICKET);
    prepare(tls);
    if (resume && session_ != nullptr) SSL_set_session(tls, session_.get());
    Heard heard;
    handler_.on_connected = [&] {
      if (handler_.connected != 0) return;
      heard = {.resumed = socket_->resumed(),
               .by_id = socket_->resumed_by_id(),
               .refusal = socket_->resumption_refusal(),
               .server_name = std::string(socket_->server_name()),
               .has_certificate = socket_->peer_certificate().has_value()};
    };
    ShakeHands();
    // Tickets of TLS 1.3 come with it.
    Send("x");
    std::string received;
    RunUntil([&] {
      received += peer_->Receive();
      return received == "x";
    });
    // The peer is going to be cut off, which makes its own session worthless.
    session_.reset(SSL_SESSION_dup(SSL_get0_session(tls)));
    EXPECT_EQ(heard.resumed, SSL_session_reused(tls) == 1);
    return heard;
  }

  std::shared_ptr<const ServerContext> Context(ServerSettings settings) { return World().Server(std::move(settings)); }

  SessionPtr session_;
  int version_ = TLS1_3_VERSION;
  std::string name_ = "localhost";
  bool no_tickets_ = false;
};
INSTANTIATE_FOR_ALL_BACKENDS(ResumptionTest);

TEST_P(ResumptionTest, TicketsAreGoodAtEveryServerOfTheSameKeys) {
  const auto keys = Keys({{'a', 0}});
  const auto one = Context({.name = "web", .ticket_keys = keys});
  const auto another = Context({.name = "web", .ticket_keys = Keys({{'a', 0}, {'b', 1}})});
  const auto stranger = Context({.name = "web", .ticket_keys = Keys({{'c', 0}})});
  for (version_ = TLS1_2_VERSION; version_ <= TLS1_3_VERSION; ++version_) {
    EXPECT_FALSE(Visit(one, /*resume=*/false).resumed);
    const Heard heard = Visit(another);
    EXPECT_TRUE(heard.resumed);
    EXPECT_FALSE(heard.by_id);
    EXPECT_EQ(heard.server_name, "localhost");
    EXPECT_EQ(Visit(stranger).refusal, ResumptionRefusal::kUnknown);
  }
}

TEST_P(ResumptionTest, TicketsAreRenewedWhenAnotherKeyMakesThem) {
  const auto before = Context({.name = "web", .ticket_keys = Keys({{'a', 0}})});
  const auto during = Context({.name = "web", .ticket_keys = Keys({{'a', 0}, {'b', 1}})});
  const auto after = Context({.name = "web", .ticket_keys = Keys({{'b', 1}})});
  for (version_ = TLS1_2_VERSION; version_ <= TLS1_3_VERSION; ++version_) {
    Visit(before, /*resume=*/false);
    EXPECT_TRUE(Visit(during).resumed);
    EXPECT_TRUE(Visit(after).resumed) << "by the ticket that it was given on the way";
  }
}

TEST_P(ResumptionTest, EveryVisitGetsATicketForTheNext) {
  const auto context = Context({.name = "web", .ticket_keys = Keys({{'a', 0}})});
  const auto ticket = [&] {
    const unsigned char* bytes = nullptr;
    size_t size = 0;
    SSL_SESSION_get0_ticket(session_.get(), &bytes, &size);
    return std::string(reinterpret_cast<const char*>(bytes), size);
  };
  std::string before;
  for (int visit = 0; visit < 3; ++visit) {
    EXPECT_EQ(Visit(context).resumed, visit > 0);
    EXPECT_NE(ticket(), before) << "each is used once (RFC 8446 §C.4)";
    before = ticket();
  }
}

TEST_P(ResumptionTest, OwnKeysGoOnWithTheServerThatTakesOver) {
  const auto first = *ServerContext::Create({.certificates = {World().certificate}, .name = "web"});
  const auto second = *ServerContext::Create({.certificates = {World().certificate}, .name = "web"}, first.get());
  const auto stranger = Context({.name = "web"});
  Visit(first);
  EXPECT_TRUE(Visit(second).resumed);
  EXPECT_EQ(Visit(stranger).refusal, ResumptionRefusal::kUnknown);
}

TEST_P(ResumptionTest, SessionsStayAtTheirListener) {
  const auto keys = Keys({{'a', 0}});
  for (version_ = TLS1_2_VERSION; version_ <= TLS1_3_VERSION; ++version_) {
    Visit(Context({.name = "web", .ticket_keys = keys}), /*resume=*/false);
    EXPECT_EQ(Visit(Context({.name = "admin", .ticket_keys = keys})).refusal, ResumptionRefusal::kOtherTerms);
  }
}

TEST_P(ResumptionTest, SessionsStayWithTheNameThatWasAskedFor) {
  const auto context = Context({.name = "web", .session_cache = 10});
  for (const bool no_tickets : {false, true}) {
    no_tickets_ = no_tickets;
    for (version_ = TLS1_2_VERSION; version_ <= (no_tickets ? TLS1_2_VERSION : TLS1_3_VERSION); ++version_) {
      name_ = "one.example";
      Visit(context, /*resume=*/false);
      name_ = "two.example";
      const Heard other = Visit(context);
      EXPECT_FALSE(other.resumed);
      EXPECT_EQ(other.refusal, ResumptionRefusal::kOtherName);
      name_ = "TWO.example";
      EXPECT_TRUE(Visit(context).resumed);
      name_ = "";
      EXPECT_EQ(Visit(context).refusal, ResumptionRefusal::kOtherName);
      EXPECT_TRUE(Visit(context).resumed);
    }
  }
}

TEST_P(ResumptionTest, SessionsWithoutACertificateAreNoWayRoundTheDemandForOne) {
  const Issued authority = IssueAuthority();
  const auto trust = ParseTrust(authority);
  const auto keys = Keys({{'a', 0}});
  const auto context = [&](ClientAuth client_auth) {
    return Context({.client_auth = client_auth, .trust = trust, .name = "web", .ticket_keys = keys});
  };
  for (version_ = TLS1_2_VERSION; version_ <= TLS1_3_VERSION; ++version_) {
    Visit(context(ClientAuth::kOptional), /*resume=*/false);
    Begin(context(ClientAuth::kRequired));
    SSL_set_max_proto_version(peer_->tls(), version_);
    SSL_set_tlsext_host_name(peer_->tls(), name_.c_str());
    SSL_set_session(peer_->tls(), session_.get());
    RunUntil([&] {
      peer_->Handshake();
      return handler_.connected.has_value();
    });
    EXPECT_NE(handler_.connected, 0);
    EXPECT_EQ(socket_->failure()->cause, FailureCause::kPeerCertificate);
    EXPECT_EQ(socket_->resumption_refusal(), ResumptionRefusal::kOtherTerms);
  }
}

TEST_P(ResumptionTest, ACertificateGoesWithTheSessionUntilItIsRevoked) {
  const Issued authority = IssueAuthority();
  const Issued client = Issue({}, &authority);
  const auto certificate = ParseCertificate(client);
  const auto keys = Keys({{'a', 0}});
  const auto context = [&](const std::string& crl) {
    return Context({.client_auth = ClientAuth::kRequired,
                    .trust = ParseTrust(authority, crl),
                    .name = "web",
                    .ticket_keys = keys,
                    .session_cache = 10});
  };
  const auto show = [&](SSL* tls) { SSL_use_cert_and_key(tls, certificate->leaf(), certificate->key(), nullptr, 1); };
  const auto good = context(IssueCrl(authority, {}));
  const auto revoking = context(IssueCrl(authority, {client}));
  for (const bool no_tickets : {false, true}) {
    no_tickets_ = no_tickets;
    for (version_ = TLS1_2_VERSION; version_ <= (no_tickets ? TLS1_2_VERSION : TLS1_3_VERSION); ++version_) {
      EXPECT_TRUE(Visit(good, /*resume=*/false, show).has_certificate);
      const Heard again = Visit(good);
      EXPECT_TRUE(again.resumed);
      EXPECT_TRUE(again.has_certificate) << "it is known from the session";
      Begin(revoking);
      SSL_set_max_proto_version(peer_->tls(), version_);
      SSL_set_tlsext_host_name(peer_->tls(), name_.c_str());
      SSL_set_session(peer_->tls(), session_.get());
      show(peer_->tls());
      RunUntil([&] {
        peer_->Handshake();
        return handler_.connected.has_value();
      });
      EXPECT_NE(handler_.connected, 0);
      EXPECT_EQ(socket_->failure()->text, "the peer's certificate is refused: certificate revoked");
    }
  }
}

TEST_P(ResumptionTest, ClientsWithoutTicketsAreKnownByTheirSessionsIds) {
  version_ = TLS1_2_VERSION;
  no_tickets_ = true;
  const auto context = Context({.name = "web", .session_cache = 10});
  Visit(context);
  EXPECT_EQ(context->session_cache()->size(), 1U);
  const Heard heard = Visit(context);
  EXPECT_TRUE(heard.resumed);
  EXPECT_TRUE(heard.by_id);
  EXPECT_EQ(heard.server_name, "localhost");
  // A server that takes over knows them, but of another size.
  const auto next = *ServerContext::Create(context->settings(), context.get());
  EXPECT_TRUE(Visit(next).resumed);
  ServerSettings larger = context->settings();
  larger.session_cache = 11;
  EXPECT_EQ(Visit(*ServerContext::Create(larger, next.get())).refusal, ResumptionRefusal::kUnknown);
}

TEST_P(ResumptionTest, NothingIsKeptWhereNothingMayBe) {
  version_ = TLS1_2_VERSION;
  no_tickets_ = true;
  const auto context = Context({.name = "web"});
  EXPECT_EQ(context->session_cache(), nullptr);
  Visit(context);
  EXPECT_FALSE(Visit(context).resumed);
}

TEST_P(ResumptionTest, TicketsKeepNothing) {
  const auto context = Context({.name = "web", .session_cache = 10});
  for (version_ = TLS1_2_VERSION; version_ <= TLS1_3_VERSION; ++version_) Visit(context);
  EXPECT_EQ(context->session_cache()->size(), 0U);
}

TEST_P(ResumptionTest, ASessionWhoseConnectionAnAlertHasEndedIsForgotten) {
  version_ = TLS1_2_VERSION;
  no_tickets_ = true;
  const auto context = Context({.name = "web", .session_cache = 10});
  Visit(context);
  socket_->ResumeReceive();
  const char no_record[] = "this is no record of TLS";
  ASSERT_GT(write(peer_->peer().fd(), no_record, sizeof(no_record)), 0);
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(context->session_cache()->size(), 0U);
}

}  // namespace
}  // namespace fairlead::tls::testing
