#include "dataplane/persistence/history.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/persistence/history_file.h"
#include "gtest/gtest.h"

namespace fairlead::persistence {
namespace {

Revision Made(uint64_t number, size_t undo_bytes = 10) {
  Revision revision;
  revision.mutable_entry()->set_revision(number);
  revision.mutable_entry()->set_fingerprint("fingerprint " + std::to_string(number));
  revision.mutable_entry()->set_time_ms(number);
  revision.mutable_undo()->set_operations(std::string(undo_bytes, 'x'));
  return revision;
}

// `first` to `last`.
History Of(uint64_t first, uint64_t last) {
  History history;
  for (uint64_t number = first; number <= last; ++number) history.Add(Made(number));
  return history;
}

// "LAST..FIRST", and down to which one can go back.
std::string Describe(const History& history) {
  if (history.revisions().empty()) return "nothing";
  size_t back = 0;
  while (back < history.revisions().size() && history.revisions()[back].has_undo()) ++back;
  return std::to_string(history.newest().revision()) + ".." +
         std::to_string(history.revisions().back().entry().revision()) + " back to " +
         std::to_string(history.newest().revision() - back);
}

TEST(History, IsOfTheLastHundredRevisions) {
  EXPECT_EQ(Describe(Of(1, 100)), "100..1 back to 0");
  EXPECT_EQ(Describe(Of(1, 250)), "250..151 back to 150");
}

TEST(History, ForgetsFirstWhatTheOldestReplaced) {
  History history;
  for (uint64_t number = 1; number <= 20; ++number) history.Add(Made(number, size_t{1} << 20));
  EXPECT_EQ(Describe(history), "20..1 back to 4");
  history.Add(Made(21, History::kMaxUndoBytes + 1));
  EXPECT_EQ(Describe(history), "21..1 back to 20");
  history.Add(Made(22));
  EXPECT_EQ(Describe(history), "22..1 back to 21");
}

TEST(History, HasNoGaps) {
  History history = Of(1, 3);
  history.Add(Made(7));
  EXPECT_EQ(Describe(history), "7..7 back to 6");
  EXPECT_TRUE(history.AddOlder(Made(6)));
  EXPECT_FALSE(history.AddOlder(Made(4)));
  EXPECT_EQ(Describe(history), "7..6 back to 5");
}

TEST(History, GoesOnFromAnEarlierOneThatKnowsItsFirst) {
  History begun;
  Revision first = Made(150);
  first.clear_undo();
  first.mutable_entry()->set_trial(v1::HistoryEntry::CONFIRMED);
  begun.Add(first);
  EXPECT_EQ(Describe(begun), "150..150 back to 150");
  begun.GoOnFrom(Of(1, 170));
  EXPECT_EQ(Describe(begun), "150..71 back to 70");
  EXPECT_EQ(begun.newest().trial(), v1::HistoryEntry::CONFIRMED) << "what is newer counts";
  for (uint64_t number = 151; number <= 200; ++number) begun.Add(Made(number));
  EXPECT_EQ(Describe(begun), "200..101 back to 100");
}

TEST(History, GoesOnFromNoOther) {
  History begun;
  begun.Add(Made(150));
  begun.GoOnFrom(Of(1, 149));
  EXPECT_EQ(Describe(begun), "150..150 back to 149");
  // A number that a crash took back, and that was given again.
  History other = Of(1, 149);
  Revision again = Made(150);
  again.mutable_entry()->set_time_ms(7);
  other.Add(again);
  begun.GoOnFrom(other);
  EXPECT_EQ(Describe(begun), "150..150 back to 149");
  History nothing;
  nothing.GoOnFrom(other);
  EXPECT_EQ(Describe(nothing), "nothing");
}

TEST(HistoryFile, SaysWhatItWasMadeOf) {
  for (const History& history : {History(), Of(1, 1), Of(30, 200)}) {
    const HistoryFile file = ReadHistoryFile(MakeHistoryFile(history));
    EXPECT_EQ(file.damage, "");
    ASSERT_EQ(file.history.revisions().size(), history.revisions().size());
    for (size_t i = 0; i < history.revisions().size(); ++i) {
      EXPECT_EQ(file.history.revisions()[i].SerializeAsString(), history.revisions()[i].SerializeAsString());
    }
  }
}

// The newest are left, and are what they were.
void ExpectDamaged(std::string_view text, const History& history) {
  const HistoryFile file = ReadHistoryFile(text);
  EXPECT_NE(file.damage, "");
  ASSERT_LE(file.history.revisions().size(), history.revisions().size());
  for (size_t i = 0; i < file.history.revisions().size(); ++i) {
    ASSERT_EQ(file.history.revisions()[i].SerializeAsString(), history.revisions()[i].SerializeAsString());
  }
}

TEST(HistoryFile, WhatIsDamagedCostsTheOlderOnesAlone) {
  const History history = Of(1, 9);
  std::string text = MakeHistoryFile(history);
  for (size_t size = 0; size < text.size(); ++size) ExpectDamaged(std::string_view(text).substr(0, size), history);
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    ExpectDamaged(text, history);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
  ExpectDamaged(text + "x", history);
  EXPECT_EQ(ReadHistoryFile(std::string_view(text).substr(0, text.size() - 1)).history.revisions().size(), 9u);
}

}  // namespace
}  // namespace fairlead::persistence
