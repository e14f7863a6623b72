#include "controlplane-mock/file_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::controlplane_mock {
namespace {

namespace fs = std::filesystem;

// inotify tells of a change before the call that made it returns: nothing here waits.
class FileWatcherTest : public testing::Test {
 protected:
  FileWatcherTest() { fs::create_directories(directory_); }
  ~FileWatcherTest() override { fs::remove_all(directory_); }

  void Watch(const std::vector<std::string>& paths) {
    auto watcher = FileWatcher::Create(paths);
    ASSERT_TRUE(watcher.ok()) << std::string(watcher.status().message());
    watcher_ = *std::move(watcher);
  }
  void Write(const fs::path& path, const std::string& text) const { std::ofstream(path) << text; }
  // Whether there was a change that is ready to be read; starts a new one.
  bool TakeChange() {
    watcher_->Poll(now_);
    const bool ready = watcher_->ready(now_);
    if (ready) watcher_->Begin();
    return ready;
  }

  const fs::path directory_ =
      fs::canonical(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  const fs::path file_ = directory_ / "a.yaml";
  TimePoint now_{};
  std::unique_ptr<FileWatcher> watcher_;
};

TEST_F(FileWatcherTest, NoticesAFileThatIsWrittenInPlace) {
  Write(file_, "1");
  Watch({file_});
  EXPECT_FALSE(TakeChange());

  Write(file_, "2");

  EXPECT_TRUE(TakeChange());
  EXPECT_FALSE(TakeChange());
}

TEST_F(FileWatcherTest, WaitsUntilAFileThatIsBeingWrittenIsClosed) {
  Write(file_, "1");
  Watch({file_});
  std::ofstream writer(file_);
  writer << "half" << std::flush;

  EXPECT_FALSE(TakeChange());
  EXPECT_TRUE(watcher_->changed());
  EXPECT_EQ(watcher_->NextDeadline(), TimePoint::max());
  writer << "whole";
  writer.close();

  EXPECT_TRUE(TakeChange());
}

TEST_F(FileWatcherTest, WaitsForTheWriterOfANewFile) {
  Watch({file_});
  std::ofstream writer(file_);
  EXPECT_FALSE(TakeChange());

  writer.close();

  EXPECT_TRUE(TakeChange());
}

TEST_F(FileWatcherTest, NoticesAFileThatIsRenamedOver) {
  Write(file_, "1");
  Watch({file_});
  Write(directory_ / "a.yaml.tmp", "2");
  EXPECT_FALSE(TakeChange());

  fs::rename(directory_ / "a.yaml.tmp", file_);

  EXPECT_TRUE(TakeChange());
  Write(file_, "3");
  EXPECT_TRUE(TakeChange()) << "of the file that has the name now";
}

TEST_F(FileWatcherTest, GivesAFileThatAnEditorMovesAwayAMomentToComeBack) {
  Write(file_, "1");
  Watch({file_});

  fs::rename(file_, directory_ / "a.yaml~");
  EXPECT_FALSE(TakeChange());
  Write(file_, "2");

  EXPECT_TRUE(TakeChange());
}

TEST_F(FileWatcherTest, AFileThatDoesNotComeBackIsGone) {
  Write(file_, "1");
  Watch({directory_});
  fs::remove(file_);
  EXPECT_FALSE(TakeChange());

  now_ = watcher_->NextDeadline();

  EXPECT_TRUE(TakeChange());
}

TEST_F(FileWatcherTest, NoticesFilesThatComeIntoADirectory) {
  Watch({directory_});

  Write(directory_ / "b.yaml", "1");

  EXPECT_TRUE(TakeChange());
  Write(directory_ / "b.yaml", "2");
  EXPECT_TRUE(TakeChange());
}

TEST_F(FileWatcherTest, DoesNotMindOtherFiles) {
  Write(file_, "1");
  Watch({directory_});

  Write(directory_ / ".a.yaml.swp", "1");
  Write(directory_ / "notes.txt", "1");
  Write(directory_ / ".#a.yaml", "1");

  EXPECT_FALSE(TakeChange());
  EXPECT_FALSE(watcher_->changed());
}

// As Kubernetes lays out a ConfigMap: a.yaml -> ..data/a.yaml, ..data -> ..1; a new one replaces the link ..data.
TEST_F(FileWatcherTest, NoticesTheSwapOfAConfigMap) {
  for (const char* version : {"..1", "..2"}) {
    fs::create_directory(directory_ / version);
    Write(directory_ / version / "a.yaml", version);
  }
  fs::create_symlink("..1", directory_ / "..data");
  fs::create_symlink("..data/a.yaml", file_);
  for (const fs::path& path : {file_, directory_}) {
    Watch({path});
    fs::create_symlink("..2", directory_ / "..data_tmp");
    EXPECT_FALSE(TakeChange());

    fs::rename(directory_ / "..data_tmp", directory_ / "..data");

    EXPECT_TRUE(TakeChange()) << path;
    EXPECT_FALSE(TakeChange());
    Write(directory_ / "..2" / "a.yaml", "3");
    EXPECT_TRUE(TakeChange()) << "in the directory that the link leads to now";
  }
}

TEST_F(FileWatcherTest, NoticesALinkAboveTheFileThatLeadsElsewhere) {
  fs::create_directories(directory_ / "release-1");
  fs::create_directories(directory_ / "release-2");
  fs::create_directory_symlink(directory_ / "release-1", directory_ / "current");
  Watch({directory_ / "current" / "a.yaml"});

  fs::create_directory_symlink("release-2", directory_ / "next");
  fs::rename(directory_ / "next", directory_ / "current");

  EXPECT_TRUE(TakeChange());
  Write(directory_ / "release-2" / "a.yaml", "1");
  EXPECT_TRUE(TakeChange());
}

TEST_F(FileWatcherTest, NoticesADirectoryThatIsReplaced) {
  fs::create_directory(directory_ / "config");
  Write(directory_ / "config" / "a.yaml", "1");
  Watch({directory_ / "config"});
  fs::rename(directory_ / "config", directory_ / "old");
  fs::create_directory(directory_ / "config");
  EXPECT_TRUE(TakeChange());

  Write(directory_ / "config" / "a.yaml", "2");

  EXPECT_TRUE(TakeChange());
}

TEST_F(FileWatcherTest, ALinkInACircleLeadsNowhere) {
  fs::create_symlink("b", directory_ / "a");
  fs::create_symlink("a", directory_ / "b");

  Watch({directory_ / "a"});

  EXPECT_FALSE(TakeChange());
}

}  // namespace
}  // namespace fairlead::controlplane_mock
