// What becomes of history when files are written anew, damaged, or can't be written.

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "dataplane/persistence/history.h"
#include "dataplane/persistence/journal_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::persistence {
namespace {

using testing::Contains;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;

TEST_F(JournalTest, HistoryOutlivesFilesThatAreWrittenAnew) {
  OpenWell();
  AppendBackend();
  for (int i = 0; i < 150; ++i) AppendServer();
  WaitUntilWhole();
  journal_ = nullptr;
  for (int times = 0; times < 3; ++times) {
    WriteFilesAnew();
    ASSERT_TRUE(std::filesystem::exists(PathOf("history")));
    ExpectAllIsThere();
    for (int i = 0; i < 30; ++i) AppendServer();
    WaitUntilWhole();
    journal_ = nullptr;
  }
  ExpectAllIsThere();
  EXPECT_EQ(restored_->history.revisions().size(), History::kMaxRevisions);
  EXPECT_THAT(said(), Not(Contains(HasSubstr("/history"))));
  struct stat status = {};
  ASSERT_EQ(stat(PathOf("history").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(JournalTest, ADamagedFileOfHistoryCostsOlderRevisionsAlone) {
  OpenWell();
  AppendBackend();
  for (int i = 0; i < 10; ++i) AppendServer();
  WaitUntilWhole();
  journal_ = nullptr;
  WriteFilesAnew();
  FlipABit("history", TextOf("history").size() / 2);
  for (int starts = 0; starts < 2; ++starts) {
    OpenWell();
    EXPECT_EQ(restored_->config.SerializeAsString(), all_.MakeSnapshot().SerializeAsString());
    EXPECT_EQ(journal_->damaged_files(), 0);
    std::vector<std::string> known = Describe(all_.history());
    const size_t left = restored_->history.revisions().size();
    EXPECT_GT(left, 2u);
    ASSERT_LT(left, known.size());
    known.resize(left);
    EXPECT_THAT(Describe(restored_->history), ElementsAreArray(known)) << "what was left is saved again";
  }
  EXPECT_THAT(said(), Contains(HasSubstr("/history: it is damaged at byte ")).Times(1));
  EXPECT_TRUE(std::filesystem::exists(PathOf("history.damaged")));
}

TEST_F(JournalTest, HistoryThatCannotBeWrittenKeepsNothingElseFromBeing) {
  OpenWell();
  AppendBackend();
  AppendServer();
  WaitUntilWhole();
  journal_ = nullptr;
  for (const FaultyDisk::Faults& faults :
       {FaultyDisk::Faults{.write_half = ENOSPC}, {.sync_error = EIO}, {.rename_error = EACCES}}) {
    disk_.Set("history", faults);
    FlipABit("state-a", TextOf("state-a").size() - 1);
    OpenWell();
    WaitUntilWhole();
    EXPECT_GT(condition_.failures, 0u);
    EXPECT_FALSE(condition_.is_stuck);
    journal_ = nullptr;
    ExpectAllIsThere();  // the other file still says it
    journal_ = nullptr;
  }
  EXPECT_THAT(said(), Contains(HasSubstr("/history: ")).Times(3));
  disk_.Set("history", {});
  WriteFilesAnew();
}

TEST_F(JournalTest, HistoryIsAskedForWithEverythingElse) {
  OpenWell();
  AppendBackend();
  AppendServer();
  WaitUntilWhole();
  disk_.SetBoth({.sync_error = EIO});
  AppendServer();
  WaitUntil([this] { return condition_.is_stuck; });
  disk_.SetBoth({});
  WaitUntilWhole();
  EXPECT_EQ(asked_for_all_, 1);
  ExpectAllIsThere();
  EXPECT_EQ(restored_->history.revisions().size(), 3u);
}

}  // namespace
}  // namespace fairlead::persistence
