#include "dataplane/persistence/journal.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "dataplane/persistence/journal_fixture.h"
#include "dataplane/persistence/test_records.h"
#include "dataplane/persistence/votes_file.h"
#include "dataplane/persistence/writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::persistence {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST_F(JournalTest, BeginsWithNothing) {
  OpenWell();
  EXPECT_FALSE(restored_.has_value());
  WaitUntil([this] { return condition_.good_copies == 2; });
  EXPECT_EQ(condition_.saved_revision, 0u);
  for (const char* name : {"state-a", "state-b", "lock"}) {
    struct stat status = {};
    ASSERT_EQ(stat(PathOf(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(JournalTest, FindsAgainWhatItWasGiven) {
  OpenWell();
  AppendBackend();
  for (int i = 0; i < 10; ++i) AppendServer();
  WaitUntilSaved();
  EXPECT_EQ(condition_.saved_revision, 11u);
  ExpectAllIsThere();
  EXPECT_EQ(restored_->answers.answers_size(), 11);
  AppendServer();
  EXPECT_EQ(last_, 12u) << "numbers go on";
  ExpectAllIsThere();
}

TEST_F(JournalTest, WritesAtItsEndWhatItWasGiven) {
  OpenWell();
  AppendBackend();
  for (int i = 0; i < 100; ++i) AppendServer();
  ExpectAllIsThere();
}

TEST_F(JournalTest, IsHeldByOneProcessAtATime) {
  OpenWell();
  const auto second = Journal::Open({.directory = directory_, .loop = loop_.get(), .say = [](std::string_view) {}});
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another process holds it: "));
}

TEST_F(JournalTest, WantsADirectoryThatNobodyElseWritesTo) {
  ASSERT_EQ(chmod(directory_.c_str(), 0720), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(Open()));
  ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
  EXPECT_TRUE(Open().ok());
}

TEST_F(JournalTest, GoesOnWithWritesThatTakeLittleAtATime) {
  disk_.SetBoth({.write_short = true});
  OpenWell();
  AppendBackend();
  AppendServer(1'000);
  WaitUntilWhole();
  EXPECT_EQ(condition_.failures, 0u);
  ExpectAllIsThere();
}

TEST_F(JournalTest, AFullDiskIsSaidOnceAndWrittenToWhenThereIsRoom) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  for (int FaultyDisk::Faults::* const kind : {&FaultyDisk::Faults::write_error, &FaultyDisk::Faults::write_half}) {
    FaultyDisk::Faults faults;
    faults.*kind = ENOSPC;
    disk_.SetBoth(faults);
    AppendServer();
    WaitUntil([this] { return condition_.is_stuck; });
    AppendServer();
    EXPECT_THAT(condition_.error, HasSubstr("No space left on device"));
    EXPECT_LT(condition_.saved_number, last_);
    EXPECT_EQ(condition_.good_copies, 2) << "of what was saved before";
    EXPECT_EQ(condition_.writable_copies, 0);
    disk_.SetBoth({});
    WaitUntilWhole();
    EXPECT_EQ(condition_.writable_copies, 2);
    EXPECT_EQ(asked_for_all_, 0);
  }
  EXPECT_THAT(said(), Contains(HasSubstr("No space left on device; tried every second")).Times(2));
  EXPECT_THAT(said(), Contains("state: saved again, all of it").Times(2));
  ExpectAllIsThere();
}

TEST_F(JournalTest, OneFileThatCannotBeWrittenIsNotWaitedFor) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  disk_.Set("state-a", {.write_error = EIO});
  AppendServer();
  WaitUntilSaved();
  EXPECT_FALSE(condition_.is_stuck);
  EXPECT_THAT(condition_.error, HasSubstr("state-a"));
  ExpectAllIsThere();  // while it still can't
  disk_.Set("state-a", {});
  WaitUntilWhole();
}

// After a failed sync the kernel may show what the disk does not have: the file is not to be relied on any more.
TEST_F(JournalTest, AFileWhoseSyncFailedIsWrittenAnew) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  const uint64_t rewrites = condition_.rewrites;
  disk_.Set("state-b", {.sync_error = EIO});
  AppendServer();
  WaitUntilSaved();
  disk_.Set("state-b", {});
  WaitUntilWhole();
  EXPECT_GT(condition_.rewrites, rewrites);
  EXPECT_EQ(asked_for_all_, 0) << "the other one has it all";
  ExpectAllIsThere();
}

TEST_F(JournalTest, WhereBothSyncsFailedEverythingIsAskedForOnce) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  disk_.SetBoth({.sync_error = EIO});
  AppendServer();
  WaitUntil([this] { return condition_.is_stuck; });
  disk_.SetBoth({});
  AppendServer();
  WaitUntilWhole();
  EXPECT_EQ(asked_for_all_, 1);
  ExpectAllIsThere();
}

TEST_F(JournalTest, AFileThatCannotBeCutBackIsWrittenAnew) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  disk_.SetBoth({.write_half = ENOSPC, .truncate_error = EIO});
  AppendServer();
  WaitUntil([this] { return condition_.is_stuck; });
  disk_.SetBoth({});
  WaitUntilWhole();
  ExpectAllIsThere();
}

TEST_F(JournalTest, AFileThatCannotBePutInPlaceIsTriedAgain) {
  disk_.SetBoth({.rename_error = EACCES});
  OpenWell();
  AppendBackend();
  WaitUntil([this] { return condition_.is_stuck; });
  disk_.SetBoth({});
  WaitUntilWhole();
  ExpectAllIsThere();
}

TEST_F(JournalTest, WhatWaitsTooLongIsDroppedForAllOfIt) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  disk_.SetBoth({.write_error = ENOSPC});
  for (int i = 0; i < 9; ++i) AppendServer(size_t{8} << 20);
  WaitUntil([this] { return condition_.is_stuck && condition_.good_copies == 0; });
  disk_.SetBoth({});
  WaitUntilWhole();
  EXPECT_GE(asked_for_all_, 1);
  ExpectAllIsThere();
}

TEST_F(JournalTest, AFileThatHasGrownIsWrittenAnew) {
  OpenWell();
  AppendBackend();
  for (int i = 0; i < 400; ++i) {
    Append(maker_.Operations("upsert_server { backend: 'web' server { id: 'w' address: '127.0.0.1:1' labels { key: 'n" +
                             std::to_string(i) + "' value: '" + std::string(50'000, 'x') + "' } } }"));
    if (i % 10 == 0) WaitUntilSaved();
  }
  WaitUntil([this] { return condition_.saved_number >= last_ && condition_.bytes < 16 * Writer::kSpareBytes; });
  EXPECT_GE(condition_.rewrites, 4u);
  EXPECT_EQ(asked_for_all_, 0);
  ExpectAllIsThere();
}

// A bit that flips on the disk while the program runs: seen when the file is read to write the other one.
TEST_F(JournalTest, DamageThatIsFoundMeanwhileIsRepaired) {
  OpenWell();
  AppendBackend();
  AppendServer(1'000);
  WaitUntilWhole();
  FlipABit("state-a", 300);
  FlipABit("state-b", 300);
  for (int i = 0; i < 40; ++i) {
    AppendServer(100'000);
    WaitUntilSaved();
  }
  WaitUntil([this] { return asked_for_all_ > 0; });
  WaitUntilWhole();
  EXPECT_THAT(said(), Contains(HasSubstr("what is on the disk is not what was written there")));
  ExpectAllIsThere();
}

TEST_F(JournalTest, DamageToOneFileCostsNothing) {
  for (const std::string name : {"state-a", "state-b"}) {
    OpenWell();
    if (last_ == 0) AppendBackend();
    AppendServer();
    WaitUntilWhole();
    journal_ = nullptr;
    FlipABit(name, TextOf(name).size() / 2);
    ExpectAllIsThere();
    EXPECT_EQ(journal_->damaged_files(), 1);
    EXPECT_THAT(said(), Contains(HasSubstr(name + ": damaged")));
    WaitUntilWhole();
    ExpectAllIsThere();
    EXPECT_EQ(journal_->damaged_files(), 0) << "it was written anew";
  }
}

TEST_F(JournalTest, WhereBothAreTornTheOneThatSaysMoreCounts) {
  OpenWell();
  AppendBackend();
  AppendServer();
  WaitUntilWhole();
  journal_ = nullptr;
  const std::string whole = TextOf("state-a");
  Write("state-a", whole.substr(0, whole.size() - 1));
  Write("state-b", TextOf("state-b").substr(0, 30));
  OpenWell();
  EXPECT_EQ(restored_->history.newest().revision(), 1u);
  EXPECT_EQ(journal_->damaged_files(), 2);
  EXPECT_EQ(TextOf("state-b.damaged").size(), 30u);
}

TEST_F(JournalTest, WhereNothingIsLeftItBeginsWithNothing) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  journal_ = nullptr;
  Write("state-a", "");
  std::filesystem::remove(PathOf("state-b"));
  OpenWell();
  EXPECT_FALSE(restored_.has_value());
  EXPECT_THAT(said(), Contains(HasSubstr("nothing to restore is left")));
  WaitUntil([this] { return condition_.good_copies == 2; });
}

TEST_F(JournalTest, ATrialIsChangedBackOnce) {
  OpenWell();
  AppendBackend();
  Record bold = maker_.Operations("remove_backend: 'web'");
  *bold.entry.mutable_trial()->mutable_revision() = bold.entry.revision();
  v1::Transaction undo;
  RecordMaker::Parse("upsert_backend { id: 'web' }", *undo.add_operations());
  bold.entry.mutable_trial()->set_undo(undo.SerializeAsString());
  Append(std::move(bold));
  for (int starts = 0; starts < 3; ++starts) {
    OpenWell();
    EXPECT_EQ(restored_->history.newest().revision(), 3u);
    ASSERT_EQ(restored_->history.revisions().size(), 3u);
    EXPECT_EQ(restored_->history.revisions()[1].entry().trial(), v1::HistoryEntry::REVERTED);
    ASSERT_EQ(restored_->config.backends_size(), 1);
    last_ = 3;
    WaitUntilWhole();
  }
}

TEST_F(JournalTest, VotesAreSavedBesideTheState) {
  OpenWell();
  AppendBackend();
  auto votes = std::make_shared<Votes>();
  votes->add_servers()->add_votes()->set_reporter("probe");
  journal_->SaveVotes({votes});
  ExpectAllIsThere();
  ASSERT_EQ(restored_->votes.size(), 1u);
  EXPECT_EQ(restored_->votes[0].votes(0).reporter(), "probe");

  disk_.Set("votes", {.write_half = ENOSPC});
  journal_->SaveVotes({});
  ExpectAllIsThere();
  EXPECT_EQ(restored_->votes.size(), 1u) << "those before stay";
  disk_.Set("votes", {});
  journal_->SaveVotes({});
  ExpectAllIsThere();
  EXPECT_TRUE(restored_->votes.empty());

  journal_ = nullptr;
  FlipABit("votes", 30);
  ExpectAllIsThere();
  EXPECT_THAT(said(), Contains(HasSubstr("votes: it is damaged: reporters are to say again what they said")));
}

TEST_F(JournalTest, NothingIsLeftOfWhatWasNotFinished) {
  OpenWell();
  AppendBackend();
  WaitUntilWhole();
  journal_ = nullptr;
  Write("state-a.new", "half");
  Write("history.new", "half");
  ExpectAllIsThere();
  EXPECT_THAT(said(), Not(Contains(HasSubstr("damaged"))));
}

}  // namespace
}  // namespace fairlead::persistence
