#include "dataplane/control/identity_compiler.h"

#include <string>
#include <variant>

#include "dataplane/tls/sha256.h"
#include "gtest/gtest.h"

namespace fairlead::control {
namespace {

// The digest of "secret".
constexpr char kSecret[] = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

// What is wrong with it; empty: nothing.
std::string Fault(const v1::Identity& message) {
  Violations violations;
  const Path root;
  const bool good = CompileIdentity(message, Path(root, "identities", 0), violations).has_value();
  EXPECT_EQ(good, violations.empty());
  return good ? "" : violations.list().front().path() + ": " + violations.list().front().message();
}

v1::Identity Named(const std::string& name) {
  v1::Identity message;
  message.set_certificate_name(name);
  return message;
}

v1::Identity WithDigest(const std::string& digest) {
  v1::Identity message;
  message.set_token_sha256(digest);
  return message;
}

TEST(CompileIdentity, TakesEachProof) {
  Violations violations;
  const Path root;
  EXPECT_EQ(std::get<identity::CertificateName>(*CompileIdentity(Named("a"), root, violations)).text, "a");
  EXPECT_EQ(std::get<identity::TokenDigest>(*CompileIdentity(WithDigest(kSecret), root, violations)).sha256,
            tls::Sha256Of("secret"));
  v1::Identity root_user;
  root_user.set_unix_uid(0);
  EXPECT_EQ(std::get<identity::UnixUser>(*CompileIdentity(root_user, root, violations)).uid, 0);
}

TEST(CompileIdentity, WantsExactlyOneProof) {
  EXPECT_EQ(Fault({}), "identities[0]: empty; want one of certificate_name, token_sha256, unix_uid");
}

TEST(CompileIdentity, RefusesNamesThatNoCertificateCanHave) {
  EXPECT_EQ(Fault(Named("")), "identities[0].certificate_name: not 1 to 256 bytes: 0");
  EXPECT_EQ(Fault(Named(std::string(257, 'a'))), "identities[0].certificate_name: not 1 to 256 bytes: 257");
  EXPECT_EQ(Fault(Named(std::string(256, 'a'))), "");
  EXPECT_EQ(Fault(Named("a\nb")), "identities[0].certificate_name: with control characters, or not UTF-8");
}

TEST(CompileIdentity, RefusesWhatIsNoDigestAndDoesNotRepeatIt) {
  EXPECT_EQ(Fault(WithDigest("secret")), "identities[0].token_sha256: not 64 hexadecimal digits");
  EXPECT_EQ(Fault(WithDigest(std::string(64, 'g'))), "identities[0].token_sha256: not 64 hexadecimal digits");
  EXPECT_EQ(Fault(WithDigest(std::string(64, 'F'))), "");
}

}  // namespace
}  // namespace fairlead::control
