#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "api/yaml/yaml.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::api {
namespace {

// A directory of its own for each test, removed afterwards.
class SourceFile : public ::testing::Test {
 protected:
  SourceFile() {
    std::string pattern = ::testing::TempDir() + "source_file_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~SourceFile() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, std::string_view contents) const {
    std::ofstream(directory_ / name, std::ios::binary) << contents;
  }

  absl::Status Parse(std::string_view text, const std::string& base_directory) {
    return ParseYaml(text, {.file_name = "f.yaml", .base_directory = base_directory}, &snapshot_);
  }

  std::filesystem::path directory_;
  v1::Snapshot snapshot_;
};

TEST_F(SourceFile, IsReadRelativeToTheFileThatNamesItAndSentInline) {
  for (const char* name : {"rsa", "ecdsa", "proxy"}) {
    Write(std::string(name) + ".crt", std::string("certificate of ") + name + "\n");
    Write(std::string(name) + ".key", std::string("key of ") + name + "\n");
  }
  Write("clients-ca.crt", "clients");
  Write("servers-ca.crt", "servers");
  std::ifstream example("docs/examples/tls-http2.yaml");
  const std::string text{std::istreambuf_iterator<char>(example), {}};

  ASSERT_EQ(Parse(text, directory_), absl::OkStatus());

  ASSERT_EQ(snapshot_.certificates_size(), 3);
  EXPECT_EQ(snapshot_.certificates(1).chain().inline_string(), "certificate of ecdsa\n");
  EXPECT_EQ(snapshot_.certificates(1).key().inline_string(), "key of ecdsa\n");
  EXPECT_EQ(snapshot_.trust_bundles(1).roots().inline_string(), "servers");
  EXPECT_EQ(snapshot_.backends(0).protocol(), v1::Backend::HTTP2);
}

TEST_F(SourceFile, MayHaveAnAbsolutePath) {
  Write("a", "contents");
  ASSERT_EQ(Parse("trust_bundles: [{roots: {file: \"" + (directory_ / "a").string() + "\"}}]", "/nowhere"),
            absl::OkStatus());
  EXPECT_EQ(snapshot_.trust_bundles(0).roots().inline_string(), "contents");
}

TEST_F(SourceFile, ThatIsNotUtf8IsSentAsBytes) {
  Write("a", "\xff\x01");
  ASSERT_EQ(Parse("trust_bundles: [{roots: {file: a}}]", directory_), absl::OkStatus());
  EXPECT_EQ(snapshot_.trust_bundles(0).roots().inline_bytes(), "\xff\x01");
}

TEST_F(SourceFile, ThatCantBeReadIsAnErrorWithLineAndPath) {
  EXPECT_EQ(Parse("trust_bundles:\n  - roots: {file: nowhere.crt}\n", directory_),
            absl::InvalidArgumentError("f.yaml:2: trust_bundles[0].roots.file: can't read \"" +
                                       (directory_ / "nowhere.crt").string() + "\": No such file or directory"));
  EXPECT_EQ(Parse("trust_bundles: [{roots: {file: \"\"}}]", directory_),
            absl::InvalidArgumentError("f.yaml:1: trust_bundles[0].roots.file: can't read \"\": no file is named"));
}

TEST_F(SourceFile, MustBeARegularFile) {
  ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  for (const std::string& path : {(directory_ / "fifo").string(), std::string("/dev/zero"), directory_.string()}) {
    EXPECT_EQ(Parse("trust_bundles: [{roots: {file: \"" + path + "\"}}]", directory_),
              absl::InvalidArgumentError("f.yaml:1: trust_bundles[0].roots.file: can't read \"" + path +
                                         "\": not a regular file"));
  }
}

TEST_F(SourceFile, MayHaveAMebibyteAndNoMore) {
  Write("large", std::string(1 << 20, 'x'));
  EXPECT_EQ(Parse("trust_bundles: [{roots: {file: large}}]", directory_), absl::OkStatus());
  Write("larger", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(Parse("trust_bundles: [{roots: {file: larger}}]", directory_),
            absl::InvalidArgumentError("f.yaml:1: trust_bundles[0].roots.file: can't read \"" +
                                       (directory_ / "larger").string() + "\": larger than 1048576 bytes"));
}

TEST_F(SourceFile, IsRefusedWhereThereIsNoDirectoryToStartFrom) {
  EXPECT_EQ(Parse("trust_bundles: [{roots: {file: /etc/hostname}}]", ""),
            absl::InvalidArgumentError(
                "f.yaml:1: trust_bundles[0].roots.file: can't read \"/etc/hostname\": files can't be named here"));
}

}  // namespace
}  // namespace fairlead::api
