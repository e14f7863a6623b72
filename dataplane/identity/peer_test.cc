#include "dataplane/identity/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/unique_fd.h"
#include "dataplane/tls/test_certificates.h"
#include "gtest/gtest.h"

namespace fairlead::identity {
namespace {

Peer WithCertificate(const std::string& subject, const std::vector<std::string>& names) {
  Peer peer;
  peer.certificate = tls::DescribePem(tls::testing::Issue({.subject = subject, .names = names}).certificate);
  return peer;
}

TEST(Peer, ProvesEachAlternativeNameOfItsCertificate) {
  const Peer peer = WithCertificate("CN=someone", {"DNS:Probe-A.example.org", "URI:spiffe://example.org/probe/a",
                                                   "email:probe@example.org", "IP:192.0.2.7"});
  EXPECT_TRUE(peer.Proves(CertificateName{"probe-a.example.org"}));
  EXPECT_TRUE(peer.Proves(CertificateName{"PROBE-A.example.org"}));
  EXPECT_TRUE(peer.Proves(CertificateName{"spiffe://example.org/probe/a"}));
  EXPECT_TRUE(peer.Proves(CertificateName{"probe@example.org"}));
  EXPECT_TRUE(peer.Proves(CertificateName{"192.0.2.7"}));
  EXPECT_FALSE(peer.Proves(CertificateName{"spiffe://example.org/PROBE/a"}));
  EXPECT_FALSE(peer.Proves(CertificateName{"spiffe://example.org/probe"}));
  EXPECT_FALSE(peer.Proves(CertificateName{""}));
}

TEST(Peer, IsNoWildcardForTheNamesUnderIt) {
  const Peer peer = WithCertificate("CN=someone", {"DNS:*.example.org"});
  EXPECT_FALSE(peer.Proves(CertificateName{"a.example.org"}));
  EXPECT_TRUE(peer.Proves(CertificateName{"*.example.org"}));
}

TEST(Peer, ProvesItsCommonNameOnlyWithoutAlternativeNames) {
  EXPECT_TRUE(WithCertificate("CN=probe-a", {}).Proves(CertificateName{"probe-a"}));
  EXPECT_FALSE(WithCertificate("CN=probe-a", {"DNS:other"}).Proves(CertificateName{"probe-a"}));
}

TEST(Peer, ProvesNoCommonNameBesideAlternativeNamesThatAreNotUnderstood) {
  // Names of that kind are left out; that there are alternative names still counts.
  EXPECT_FALSE(WithCertificate("CN=probe-a", {"RID:1.2.3.4"}).Proves(CertificateName{"probe-a"}));
}

TEST(Peer, ProvesATokenByItsDigest) {
  Peer peer;
  const TokenDigest secret{tls::Sha256Of("secret")};
  EXPECT_FALSE(peer.Proves(secret));
  peer.ShowToken("secret");
  EXPECT_TRUE(peer.Proves(secret));
  peer.ShowToken("Secret");
  EXPECT_FALSE(peer.Proves(secret));
}

TEST(Peer, ProvesAUser) {
  Peer peer;
  EXPECT_FALSE(peer.Proves(UnixUser{0}));
  peer.unix_uid = 0;
  EXPECT_TRUE(peer.Proves(UnixUser{0}));
  EXPECT_FALSE(peer.Proves(UnixUser{1000}));
}

TEST(Peer, OfAUnixSocketIsTheUserWhoConnectedIt) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const base::UniqueFd one(ends[0]);
  const base::UniqueFd other(ends[1]);
  const Peer peer = Peer::OfSocket(one.get());
  EXPECT_EQ(peer.source, "unix");
  EXPECT_TRUE(peer.Proves(UnixUser{geteuid()}));
}

TEST(Peer, ProvesOneOfSeveral) {
  Peer peer;
  peer.unix_uid = 7;
  const std::vector<Identity> identities = {CertificateName{"a"}, UnixUser{7}};
  EXPECT_TRUE(peer.ProvesOneOf(identities));
  EXPECT_FALSE(peer.ProvesOneOf({}));
}

TEST(Peer, TellsWhatItProved) {
  Peer peer;
  EXPECT_EQ(peer.Describe(), "nobody known");
  peer = WithCertificate("CN=probe-a,O=Example", {"URI:spiffe://example.org/probe/a"});
  peer.ShowToken("secret");
  peer.unix_uid = 7;
  EXPECT_EQ(peer.Describe(), "certificate \"spiffe://example.org/probe/a\", a token, unix user 7");
  EXPECT_EQ(WithCertificate("CN=probe-a", {}).Describe(), "certificate \"probe-a\"");
}

}  // namespace
}  // namespace fairlead::identity
