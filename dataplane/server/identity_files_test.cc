#include "dataplane/server/identity_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "dataplane/tls/test_certificates.h"

namespace fairlead::server {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tls::testing::Issue;
using tls::testing::IssueAuthority;
using tls::testing::Issued;

class IdentityFilesTest : public ::testing::Test {
 protected:
  IdentityFilesTest() {
    Write("ca", authority_.certificate);
    Show(Issue({}, &authority_));
  }

  std::string Path(const std::string& name) const {
    return std::filesystem::path(::testing::TempDir()) / (std::string("identity_files_") + name);
  }
  // As a program that renews certificates does it: at once, by another file.
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path("new")) << text;
    std::filesystem::rename(Path("new"), Path(name));
  }
  void Show(const Issued& issued) {
    Write("cert", issued.certificate);
    Write("key", issued.key);
  }
  absl::StatusOr<std::unique_ptr<IdentityFiles>> Load() const {
    return IdentityFiles::Load({Path("ca"), Path("cert"), Path("key"), ""}, "--control_", now_);
  }
  std::string LoadError() const { return std::string(Load().status().message()); }

  const Issued authority_ = IssueAuthority();
  const time_t now_ = std::time(nullptr);
};

TEST_F(IdentityFilesTest, AreReadAnewWhenTheyChange) {
  auto files = *Load();
  const auto before = files->server_context();
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(files->Look(now_), "");
  EXPECT_EQ(files->server_context(), before);
  Show(Issue({.ends_in = 100L * 24 * 3600}, &authority_));
  EXPECT_EQ(files->Look(now_), "--control_cert: " + Path("cert") + " was read anew; it ends in 100 d 0 h");
  EXPECT_NE(files->server_context(), before);
  EXPECT_EQ(files->Look(now_), "");
}

TEST_F(IdentityFilesTest, ThatAreNoGoodLeaveWhatWasThereBefore) {
  auto files = *Load();
  const auto before = files->server_context();
  Write("key", Issue({}, &authority_).key);
  const std::string line = files->Look(now_);
  EXPECT_THAT(line, StartsWith("--control_key: " + Path("key") + ": "));
  EXPECT_THAT(line, EndsWith("; what was there before stays in use"));
  EXPECT_EQ(files->Look(now_), "") << "once is enough";
  std::filesystem::remove(Path("cert"));
  EXPECT_THAT(files->Look(now_), StartsWith("--control_cert: "));
  EXPECT_EQ(files->server_context(), before);
}

TEST_F(IdentityFilesTest, TellOfTheirEndBeforeItAndEveryHour) {
  auto files = *Load();
  const time_t end = now_ + 30L * 24 * 3600;
  EXPECT_EQ(files->Look(end - IdentityFiles::kWarnSeconds - 3600), "");
  EXPECT_THAT(files->Look(end - 26 * 3600), HasSubstr(" expires in 1 d "));
  EXPECT_EQ(files->Look(end - 26 * 3600 + 60), "");
  EXPECT_THAT(files->Look(end - 25 * 3600 + 60), HasSubstr(" expires in 1 d "));
  EXPECT_THAT(files->Look(end + 3600), EndsWith(" has expired: nobody else will trust this process"));
}

TEST_F(IdentityFilesTest, NameTheFlagThatIsWrong) {
  Show(Issue({.begins_in = -7200, .ends_in = -3600}, &authority_));
  EXPECT_THAT(LoadError(), StartsWith("--control_cert: " + Path("cert") + ": "));
  EXPECT_THAT(LoadError(), HasSubstr("expired"));
  Show(Issue({}, &authority_));
  Write("key", Issue({}, &authority_).key);
  EXPECT_THAT(LoadError(), StartsWith("--control_key: " + Path("key") + ": "));
  Show(Issue({}, &authority_));
  Write("ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(LoadError(), StartsWith("--control_ca: " + Path("ca") + ": "));
}

}  // namespace
}  // namespace fairlead::server
