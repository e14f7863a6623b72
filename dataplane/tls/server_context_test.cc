#include "dataplane/tls/server_context.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "dataplane/tls/socket_test_support.h"
#include "dataplane/tls/test_certificates.h"

namespace fairlead::tls::testing {
namespace {

// ServerTest makes a peer of World() first; each test begins anew with a context of its own.
class ServerContextTest : public ServerTest {
 protected:
  // The subject of what the peer was shown.
  std::string Shown() {
    X509* certificate = SSL_get1_peer_certificate(peer_->tls());
    const std::string subject = SubjectText(*certificate);
    X509_free(certificate);
    return subject;
  }
};
INSTANTIATE_FOR_ALL_BACKENDS(ServerContextTest);

TEST_P(ServerContextTest, StaplesAnOcspResponseToWhoAsks) {
  const Issued authority = IssueAuthority();
  const Issued issued = Issue({}, &authority);
  const std::string response = IssueOcspResponse(authority, issued);
  Begin(World().Server({.certificates = {ParseCertificate(issued, response)}}));
  SSL_set_tlsext_status_type(peer_->tls(), TLSEXT_STATUSTYPE_ocsp);
  ShakeHands();
  const unsigned char* stapled = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(peer_->tls(), &stapled);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(stapled), static_cast<size_t>(size)), response);
}

TEST_P(ServerContextTest, ShowsTheCertificateOfTheNameThatIsAskedFor) {
  const auto make = [](const std::string& name) {
    return ParseCertificate(Issue({.subject = "CN=" + name, .names = {"DNS:" + name}}));
  };
  const auto context = World().Server({.certificates = {make("first.org"), make("second.org"), make("*.second.org")}});
  for (const auto& [asked, shown] : {std::pair{"second.org", "second.org"},
                                     {"A.Second.ORG", "*.second.org"},
                                     {"a.b.second.org", "first.org"},
                                     {".second.org", "first.org"},
                                     {"org", "first.org"}}) {
    Begin(context);
    SSL_set_tlsext_host_name(peer_->tls(), asked);
    ShakeHands();
    EXPECT_EQ(Shown(), std::string("CN=") + shown) << asked;
  }
}

TEST_P(ServerContextTest, AgreesUponItsOwnFirstProtocol) {
  const auto context = World().Server({.protocols = {"h2", "http/1.1"}});
  const unsigned char both[] = "\x08http/1.1\x02h2";
  Begin(context);
  SSL_set_alpn_protos(peer_->tls(), both, sizeof(both) - 1);
  std::string chosen;
  handler_.on_connected = [&] { chosen = socket_->protocol(); };
  ShakeHands();
  EXPECT_EQ(chosen, "h2");

  const unsigned char other[] = "\x03xyz";
  Begin(context);
  SSL_set_alpn_protos(peer_->tls(), other, sizeof(other) - 1);
  RunUntil([&] { return peer_->Handshake() || peer_->failed(); });
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_NE(handler_.connected, 0);
  EXPECT_EQ(socket_->failure()->cause, FailureCause::kProtocol);
}

TEST_P(ServerContextTest, SessionsOfOtherTrustAreNotResumed) {
  const Issued one = IssueAuthority("CN=One");
  const Issued two = IssueAuthority("CN=Two");
  const Issued client = Issue({}, &one);
  const auto with_trust = [](const std::shared_ptr<const TrustBundle>& trust) {
    return World().Server({.client_auth = ClientAuth::kOptional, .trust = trust});
  };
  EXPECT_NE(ParseTrust(one)->digest(), ParseTrust(two)->digest());
  EXPECT_NE(ParseTrust(one)->digest(), ParseTrust(one, IssueCrl(one, {}))->digest());
  EXPECT_EQ(ParseTrust(one)->digest(), ParseTrust(one)->digest());
  Begin(with_trust(ParseTrust(one, IssueCrl(one, {client}))));
  const auto certificate = ParseCertificate(client);
  SSL_use_cert_and_key(peer_->tls(), certificate->leaf(), certificate->key(), nullptr, 1);
  RunUntil([&] {
    peer_->Handshake();
    return handler_.connected.has_value();
  });
  EXPECT_NE(handler_.connected, 0);
  EXPECT_EQ(socket_->failure()->text, "the peer's certificate is refused: certificate revoked");
}

}  // namespace
}  // namespace fairlead::tls::testing
