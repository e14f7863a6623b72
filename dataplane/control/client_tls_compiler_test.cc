// How backends come to speak TLS with their servers, and when that is taken to have changed.
#include "dataplane/control/client_tls_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/test_support.h"
#include "dataplane/tls/client_context.h"
#include "dataplane/tls/test_certificates.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientTlsCompilerTest : public testing::Test {
 protected:
  ClientTlsCompilerTest() {
    v1::Transaction transaction;
    SetTrust(transaction, authority_.certificate);
    v1::Certificate& certificate = *transaction.add_operations()->mutable_upsert_certificate();
    certificate.set_id("proxy");
    certificate.mutable_chain()->set_inline_string(own_.certificate);
    certificate.mutable_key()->set_inline_string(own_.key);
    state_.Apply(std::move(transaction));
  }

  static void SetTrust(v1::Transaction& transaction, const std::string& roots) {
    v1::TrustBundle& bundle = *transaction.add_operations()->mutable_upsert_trust_bundle();
    bundle.set_id("servers");
    bundle.mutable_roots()->set_inline_string(roots);
  }
  void Upsert(std::string_view fields) {
    state_.Apply(ParseTransaction(base::StrCat("operations { upsert_backend { id: \"b\" ", fields, " } }")));
  }
  const std::shared_ptr<const config::BackendTls>& Tls() { return state_.FindBackend("b")->settings->tls; }

  const tls::testing::Issued authority_ = tls::testing::IssueAuthority();
  const tls::testing::Issued own_ = tls::testing::Issue({}, &authority_);
  CompiledState state_;
};

constexpr std::string_view kTls = R"(tls { server_name: "web.internal" trust: "servers" certificate: "proxy" })";

TEST_F(ClientTlsCompilerTest, SaysWhomToBelieveAndWhatToShow) {
  Upsert(R"(tls { server_name: "web.internal" trust: "servers" certificate: "proxy" policy: MODERN })");
  const tls::ClientSettings& settings = Tls()->http->settings();
  EXPECT_EQ(settings.server_name, "web.internal");
  EXPECT_EQ(settings.trust, state_.snapshot().trust_bundles[0]->tls);
  EXPECT_EQ(settings.certificate, state_.snapshot().certificates[0]->tls);
  EXPECT_EQ(settings.policy, tls::Policy::kModern);
  EXPECT_THAT(settings.protocols, IsEmpty());
  EXPECT_EQ(Tls()->raw, Tls()->http);
}

TEST_F(ClientTlsCompilerTest, BelievesTheSystemsRootsByDefaultAndAnybodyOnDemand) {
  Upsert(R"(tls { server_name: "web.internal" })");
  EXPECT_NE(Tls()->http->settings().trust, nullptr);
  EXPECT_EQ(Tls()->http->settings().certificate, nullptr);
  Upsert(R"(tls { insecure_skip_verify: true })");
  EXPECT_EQ(Tls()->http->settings().trust, nullptr);
  Upsert("");
  EXPECT_EQ(Tls(), nullptr);
}

TEST_F(ClientTlsCompilerTest, AsksForHttp2WhereThatIsSpokenButNotForTcp) {
  Upsert(base::StrCat(kTls, "protocol: HTTP2"));
  EXPECT_THAT(Tls()->http->settings().protocols, ElementsAre("h2"));
  EXPECT_THAT(Tls()->raw->settings().protocols, IsEmpty());
}

TEST_F(ClientTlsCompilerTest, LetsServersChooseAndHasAWayAroundTheirChoice) {
  Upsert(base::StrCat(kTls, "protocol: AUTO http2 { stream_window: 100000 }"));
  EXPECT_THAT(Tls()->http->settings().protocols, ElementsAre("h2", "http/1.1"));
  EXPECT_THAT(Tls()->http1->settings().protocols, ElementsAre("http/1.1"));
  EXPECT_THAT(Tls()->raw->settings().protocols, IsEmpty());
  const config::BackendSettings& settings = *state_.snapshot().backends[*state_.store().backends().Find("b")]->settings;
  EXPECT_EQ(settings.protocol, config::BackendProtocol::kAuto);
  EXPECT_EQ(settings.http2.stream_window, 100'000u);
}

TEST_F(ClientTlsCompilerTest, IsTheSameUntilSomethingOfItChanges) {
  Upsert(kTls);
  const auto first = Tls();
  Upsert(base::StrCat(kTls, "timeouts { response { seconds: 7 } }"));
  EXPECT_EQ(Tls(), first) << "another setting";
  Upsert(R"(tls { server_name: "api.internal" trust: "servers" certificate: "proxy" })");
  EXPECT_NE(Tls(), first);
}

TEST_F(ClientTlsCompilerTest, IsRenewedWithWhatItNames) {
  Upsert(kTls);
  const auto first = Tls();
  v1::Transaction transaction;
  SetTrust(transaction, tls::testing::IssueAuthority().certificate);
  const Changes changes = state_.Apply(transaction);
  EXPECT_NE(Tls(), first);
  EXPECT_EQ(Tls()->http->settings().trust, state_.snapshot().trust_bundles[0]->tls);
  EXPECT_THAT(changes.list.backends, ElementsAre(*state_.store().backends().Find("b"))) << "workers are told";
  // Named and unchanged itself.
  const auto second = Tls();
  transaction = ParseTransaction(base::StrCat("operations { upsert_backend { id: \"b\" ", kTls, " } }"));
  SetTrust(transaction, authority_.certificate);
  state_.Apply(transaction);
  EXPECT_NE(Tls(), second);
}

TEST_F(ClientTlsCompilerTest, WhatItNamesStays) {
  Upsert(kTls);
  EXPECT_THAT(state_.Try(ParseTransaction(R"(operations { remove_trust_bundle: "servers" })")),
              ElementsAre("IN_USE trust_bundles[\"servers\"]: still referred to by backend \"b\""));
  EXPECT_THAT(state_.Try(ParseTransaction(base::StrCat("operations { remove_certificate: \"proxy\" }",
                                                       "operations { upsert_backend { id: \"b\" ", kTls, " } }"))),
              ElementsAre("NOT_FOUND backends[\"b\"].tls.certificate: no certificate \"proxy\" at the end of the "
                          "transaction"));
  state_.Apply(ParseTransaction(R"(
    operations { remove_trust_bundle: "servers" } operations { remove_certificate: "proxy" }
    operations { upsert_backend { id: "b" } })"));
  EXPECT_EQ(Tls(), nullptr);
}

TEST_F(ClientTlsCompilerTest, AllThatIsWrongIsTold) {
  EXPECT_THAT(state_.Try(ParseTransaction(R"(
      operations { upsert_backend { id: "a" tls {} } }
      operations { upsert_backend { id: "b" tls { server_name: "a b" trust: "x" certificate: "y" } } }
      operations { upsert_backend { id: "c" tls { trust: "servers" insecure_skip_verify: true } } }
      operations { upsert_backend { id: "d" tls { server_name: "::1" } } })")),
              testing::UnorderedElementsAre(
                  "INVALID_ARGUMENT backends[\"a\"].tls.server_name: missing; want the name in servers' certificates",
                  "INVALID_ARGUMENT backends[\"b\"].tls.server_name: neither a host name nor an IP address: \"a b\"",
                  "NOT_FOUND backends[\"b\"].tls.trust: no trust bundle \"x\" at the end of the transaction",
                  "NOT_FOUND backends[\"b\"].tls.certificate: no certificate \"y\" at the end of the transaction",
                  "INVALID_ARGUMENT backends[\"c\"].tls.trust: set, but insecure_skip_verify checks nothing"));
}

}  // namespace
}  // namespace fairlead::control
