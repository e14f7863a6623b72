#include "dataplane/tls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "dataplane/tls/test_certificates.h"

namespace fairlead::tls::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Key = CertificateRequest::Key;

// What is wrong, each with its part before it; nothing: it is a certificate.
std::vector<std::string> FaultsOf(const CertificateSource& source) {
  std::vector<CertificateFault> faults;
  const auto certificate = Certificate::Parse(source, std::time(nullptr), faults);
  EXPECT_EQ(certificate == nullptr, !faults.empty());
  std::vector<std::string> texts;
  for (const CertificateFault& fault : faults) {
    static constexpr const char* kParts[] = {"chain ", "key ", "ocsp "};
    texts.push_back(kParts[static_cast<int>(fault.part)] + fault.text);
  }
  return texts;
}

std::vector<std::string> FaultsOf(const Issued& issued) {
  return FaultsOf({.chain = issued.certificate, .key = issued.key, .ocsp_response = {}});
}

TEST(Certificate, TellsWhatItSays) {
  const Issued authority = IssueAuthority("CN=An Authority");
  const Issued issued = Issue({.subject = "O=Example,CN=\xc3\xa4",
                               .names = {"DNS:WWW.example.org", "DNS:*.example.org", "URI:urn:x", "IP:::1"},
                               .key = Key::kRsa2048},
                              &authority);
  std::vector<CertificateFault> faults;
  const auto certificate = Certificate::Parse({issued.certificate, issued.key, {}}, std::time(nullptr), faults);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(certificate->subject(), "CN=\xc3\xa4,O=Example");
  EXPECT_EQ(certificate->issuer(), "CN=An Authority");
  EXPECT_THAT(certificate->dns_names(), ElementsAre("www.example.org", "*.example.org"));
  EXPECT_EQ(certificate->key_kind(), Certificate::KeyKind::kRsa);
  EXPECT_EQ(certificate->fingerprint().size(), 64u);
  EXPECT_NEAR(static_cast<double>(certificate->not_after() - std::time(nullptr)), 30 * 24 * 3600, 10);
}

TEST(Certificate, TheFirstOfTheChainToExpireCounts) {
  const Issued root = IssueAuthority();
  const Issued middle = Issue({.subject = "CN=Middle", .authority = true, .ends_in = 3600}, &root);
  const Issued leaf = Issue({}, &middle);
  std::vector<CertificateFault> faults;
  const auto certificate =
      Certificate::Parse({leaf.certificate + middle.certificate, leaf.key, {}}, std::time(nullptr), faults);
  ASSERT_NE(certificate, nullptr);
  EXPECT_NEAR(static_cast<double>(certificate->not_after() - std::time(nullptr)), 3600, 10);
}

TEST(Certificate, KindsOfKeys) {
  EXPECT_THAT(FaultsOf(Issue({.key = Key::kP256})), IsEmpty());
  EXPECT_THAT(FaultsOf(Issue({.key = Key::kP384})), IsEmpty());
  EXPECT_THAT(FaultsOf(Issue({.key = Key::kRsa2048})), IsEmpty());
  EXPECT_THAT(FaultsOf(Issue({.key = Key::kRsa1024})),
              ElementsAre("key is of RSA with 1024 bits: at least 2048 are needed"));
  EXPECT_THAT(FaultsOf(Issue({.key = Key::kP224})),
              ElementsAre("key is of ECDSA on secp224r1: P-256, P-384 and P-521 are known"));
  EXPECT_THAT(FaultsOf(Issue({.key = Key::kEd25519})), ElementsAre("key is of another kind than RSA and ECDSA"));
}

TEST(Certificate, EveryFaultIsTold) {
  const Issued old = Issue({.begins_in = -7200, .ends_in = -3600});
  const Issued other = Issue({});
  EXPECT_THAT(FaultsOf({.chain = old.certificate, .key = other.key, .ocsp_response = "x"}),
              ElementsAre(StartsWith("chain the certificate expired on 20"), "key is not the certificate's",
                          "ocsp is no OCSP response in DER"));
  EXPECT_THAT(FaultsOf({.chain = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                        .key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                        .ocsp_response = {}}),
              ElementsAre("chain has a malformed CERTIFICATE after 0", HasSubstr("is no private key in PEM")));
}

TEST(Certificate, AChainFollowsInOrder) {
  const Issued root = IssueAuthority();
  const Issued middle = Issue({.subject = "CN=Middle", .authority = true}, &root);
  const Issued stranger = IssueAuthority("CN=Middle");  // of the same name
  const Issued leaf = Issue({}, &middle);
  const auto faults_of_chain = [&](const std::string& chain) {
    return FaultsOf({.chain = chain, .key = leaf.key, .ocsp_response = {}});
  };
  EXPECT_THAT(faults_of_chain(leaf.certificate + middle.certificate + root.certificate), IsEmpty());
  EXPECT_THAT(faults_of_chain(leaf.certificate + root.certificate + middle.certificate),
              ElementsAre("chain certificate 2 of the chain, of \"CN=Test CA\", did not sign it",
                          "chain certificate 3 of the chain, of \"CN=Middle\", did not sign the one before it"));
  EXPECT_THAT(faults_of_chain(leaf.certificate + stranger.certificate),
              ElementsAre("chain certificate 2 of the chain, of \"CN=Middle\", did not sign it"));
}

TEST(Certificate, OcspResponses) {
  const Issued authority = IssueAuthority();
  const Issued issued = Issue({}, &authority);
  const auto faults_of_response = [&](const std::string& response) {
    return FaultsOf({.chain = issued.certificate, .key = issued.key, .ocsp_response = response});
  };
  EXPECT_THAT(faults_of_response(IssueOcspResponse(authority, issued)), IsEmpty());
  EXPECT_THAT(faults_of_response(IssueOcspResponse(authority, Issue({}, &authority))),
              ElementsAre("ocsp is not of this certificate"));
  EXPECT_THAT(faults_of_response(IssueOcspResponse(authority, issued, /*good=*/false)),
              ElementsAre("ocsp does not say that the certificate is good"));
  EXPECT_THAT(faults_of_response(IssueOcspResponse(authority, issued, /*good=*/true, -60)),
              ElementsAre("ocsp has expired"));
}

}  // namespace
}  // namespace fairlead::tls::testing
