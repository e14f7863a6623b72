#include "controlplane-mock/snapshot_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fairlead::controlplane_mock {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class SnapshotFilesTest : public testing::Test {
 protected:
  SnapshotFilesTest() { std::filesystem::create_directories(directory_); }
  ~SnapshotFilesTest() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ + name) << text;
    return directory_ + name;
  }

  const std::string directory_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + "/";
};

TEST_F(SnapshotFilesTest, PutsTheFilesOfADirectoryTogether) {
  Write("b.yaml", "backends: [{id: web}]");
  Write("a.yaml", "route_tables: [{id: main}]\nbackends: [{id: api}]");
  Write("notes.txt", "not YAML: [");
  Write(".hidden.yaml", "not YAML: [");

  const auto snapshot = LoadSnapshot({directory_});

  ASSERT_TRUE(snapshot.ok()) << std::string(snapshot.status().message());
  ASSERT_THAT(snapshot->backends(), SizeIs(2));
  EXPECT_EQ(snapshot->backends(0).id(), "api");
  EXPECT_THAT(snapshot->route_tables(), SizeIs(1));
}

TEST_F(SnapshotFilesTest, NamesBothFilesOfAResourceThatIsThereTwice) {
  const std::string a = Write("a.yaml", "backends: [{id: web, servers: [{id: w1}]}]\nlisteners: [{id: l1}]");
  const std::string b = Write("b.yaml", "backends: [{id: web, servers: [{id: w2}]}]\nlisteners: [{id: l1}]");

  const auto snapshot = LoadSnapshot({a, b});

  ASSERT_FALSE(snapshot.ok());
  EXPECT_EQ(std::string(snapshot.status().message()),
            b + ": listener \"l1\" is in " + a + " too\n" + b + ": backend \"web\" is in " + a + " too");
}

TEST_F(SnapshotFilesTest, TheSameIdMayNameResourcesOfDifferentKinds) {
  const std::string a = Write("a.yaml", "backends: [{id: web}]\nlisteners: [{id: web}]\nroute_tables: [{id: web}]");

  EXPECT_TRUE(LoadSnapshot({a}).ok());
}

TEST_F(SnapshotFilesTest, HealthOfOneServerIsThereOnce) {
  const std::string a = Write("a.yaml", "health: [{backend: web, server: w1, status: UP}]");
  const std::string b = Write("b.yaml", "health: [{backend: web, server: w1, status: DOWN}]");

  EXPECT_THAT(std::string(LoadSnapshot({a, b}).status().message()), HasSubstr("health of \"web/w1\" is in"));
}

TEST_F(SnapshotFilesTest, SaysInWhichLineAFileIsWrong) {
  const std::string a = Write("a.yaml", "backends:\n  - id: web\n    sevrers: []\n");

  EXPECT_THAT(std::string(LoadSnapshot({a}).status().message()), HasSubstr(a + ":3: "));
}

TEST_F(SnapshotFilesTest, SaysWhichFileIsMissing) {
  EXPECT_EQ(std::string(LoadSnapshot({directory_ + "nowhere.yaml"}).status().message()),
            directory_ + "nowhere.yaml: no such file or directory");
}

TEST_F(SnapshotFilesTest, AnEmptyDirectoryIsAnEmptyState) {
  EXPECT_TRUE(LoadSnapshot({directory_}).ok());
  EXPECT_THAT(*ListSnapshotFiles({directory_}), SizeIs(0));
}

TEST_F(SnapshotFilesTest, FilesThatAFileNamesAreBesideIt) {
  const std::string a = Write("a.yaml", "trust_bundles: [{id: t, roots: {file: roots.pem}}]");
  Write("roots.pem", "PEM");

  const auto snapshot = LoadSnapshot({a});

  ASSERT_TRUE(snapshot.ok()) << std::string(snapshot.status().message());
  EXPECT_EQ(snapshot->trust_bundles(0).roots().inline_string(), "PEM");
}

}  // namespace
}  // namespace fairlead::controlplane_mock
