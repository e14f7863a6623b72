// What is handed over to be saved, what an answer says of it, and what a restart makes of it.

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/history.h"
#include "dataplane/control/naive_model.h"
#include "dataplane/control/random_transactions.h"
#include "dataplane/control/test_support.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/persistence/frames.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/history.pb.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/restored.h"
#include "dataplane/persistence/state_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::control {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A file that takes everything.
class FakeFile {
 public:
  FakeFile() : text_(persistence::MakeHeader(1)), frames_(persistence::ChecksumOf(text_)) {
    persistence::Image().Write(
        [this](persistence::FrameType type, std::string_view payload) { frames_.Append(type, payload, text_); });
  }

  uint64_t Take(persistence::Record record) {
    record.entry.set_number(++last_number_);
    for (const auto& [type, payload] : persistence::MakeFrames(record)) frames_.Append(type, payload, text_);
    return last_number_;
  }
  Saver::Save AsSave() {
    return [this](persistence::Record record) { return Take(std::move(record)); };
  }

  // As a restart reads it.
  persistence::Image Read() const {
    const absl::StatusOr<persistence::StateFile> file = persistence::ReadStateFile(text_, earlier_);
    EXPECT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->damage, "");
    return file->image;
  }
  void WriteAnew() {
    const persistence::Image image = Read();
    earlier_ = image.history();
    text_ = persistence::MakeHeader(1);
    frames_ = persistence::FrameWriter(persistence::ChecksumOf(text_));
    image.Write(
        [this](persistence::FrameType type, std::string_view payload) { frames_.Append(type, payload, text_); });
  }
  uint64_t last_number() const { return last_number_; }
  size_t size() const { return text_.size(); }

 private:
  std::string text_;
  persistence::History earlier_;
  persistence::FrameWriter frames_;
  uint64_t last_number_ = 0;
};

persistence::Restored RestoredOf(persistence::Image image) {
  persistence::Restored restored;
  if (image.on_trial()) image.Revert(1'000);
  restored.config = image.MakeSnapshot();
  restored.history = image.history();
  restored.leader_epoch = image.leader_epoch();
  restored.answers.mutable_answers()->Add(image.answers().begin(), image.answers().end());
  return restored;
}

persistence::History OneRevision(uint64_t revision, const std::string& fingerprint) {
  persistence::Revision one;
  one.mutable_entry()->set_revision(revision);
  one.mutable_entry()->set_fingerprint(fingerprint);
  persistence::History history;
  history.Add(std::move(one));
  return history;
}

// The revisions that are remembered, what became of their trials, and whether one can go back from them.
std::string Describe(const v1::History& history) {
  std::string text;
  for (const v1::HistoryEntry& entry : history.entries()) {
    text += base::StrCat(entry.revision(), " ", entry.fingerprint(), " ", v1::HistoryEntry::Trial_Name(entry.trial()),
                         entry.has_rollback_to() ? base::StrCat(" to ", entry.rollback_to()) : "",
                         entry.can_go_back() ? " back\n" : "\n");
  }
  return text;
}

// Restores it, and returns whether it is served by then.
bool Restore(TestCore& test, persistence::Image image) {
  bool adopted = false;
  const absl::Status status = test.core.Restore(RestoredOf(std::move(image)), [&] { adopted = true; });
  EXPECT_TRUE(status.ok()) << status;
  return adopted;
}

v1::Transaction Weight(uint32_t weight) {
  v1::Transaction transaction;
  v1::UpsertServer& upsert = *transaction.add_operations()->mutable_upsert_server();
  upsert.set_backend("web");
  upsert.mutable_server()->set_id("w1");
  upsert.mutable_server()->set_address("127.0.0.1:9001");
  upsert.mutable_server()->set_weight(weight);
  return transaction;
}

v1::Transaction OnTrial(v1::Transaction transaction, int64_t seconds) {
  transaction.set_id("bold");
  transaction.mutable_confirm_within()->set_seconds(seconds);
  return transaction;
}

class Saving : public testing::Test {
 protected:
  Saving() : test_(FakeWorkers::Adopt::kAtOnce, file_.AsSave(), milliseconds(1'000)) {}

  void Saved() { test_.core.OnSaved(file_.last_number(), /*is_stuck=*/false); }
  // `REVISION saved` or `REVISION unsaved` of all answers so far; `rejected`.
  std::vector<std::string> Answers() const {
    std::vector<std::string> texts;
    for (const v1::FromProxy& answer : test_.answers) {
      if (answer.has_rejected()) {
        texts.push_back("rejected");
      } else {
        const v1::Applied& applied = answer.applied();
        texts.push_back(base::StrCat(applied.revision(), !applied.has_saved() ? ""
                                                         : applied.saved()    ? " saved"
                                                                              : " unsaved"));
      }
    }
    return texts;
  }

  FakeFile file_;
  TestCore test_;
};

TEST_F(Saving, AppliedWaitsForTheDisk) {
  test_.Submit(SnapshotTransaction(kSmallState));
  test_.Submit(Weight(7));
  EXPECT_THAT(test_.answers, IsEmpty());
  EXPECT_EQ(test_.core.revision(), 2u) << "workers do not wait";
  test_.core.OnSaved(1, false);
  EXPECT_THAT(Answers(), ElementsAre("1 saved"));
  test_.core.OnSaved(2, false);
  EXPECT_THAT(Answers(), ElementsAre("1 saved", "2 saved"));
}

TEST_F(Saving, AppliedDoesNotWaitForEver) {
  test_.Submit(SnapshotTransaction(kSmallState));
  test_.Advance(999);
  EXPECT_THAT(test_.answers, IsEmpty());
  test_.Advance(1);
  EXPECT_THAT(Answers(), ElementsAre("1 unsaved"));
}

TEST_F(Saving, ADiskThatCannotBeWrittenHoldsNobodyUp) {
  test_.Submit(SnapshotTransaction(kSmallState));
  test_.core.OnSaved(0, /*is_stuck=*/true);
  test_.Submit(Weight(7));
  EXPECT_THAT(Answers(), ElementsAre("1 unsaved", "2 unsaved"));
  Saved();
  test_.Submit(Weight(8));
  EXPECT_THAT(Answers(), ElementsAre("1 unsaved", "2 unsaved"));
  Saved();
  EXPECT_THAT(Answers(), ElementsAre("1 unsaved", "2 unsaved", "3 saved"));
}

TEST_F(Saving, WhatPromisesNothingDoesNotWait) {
  test_.Submit(SnapshotTransaction(kSmallState));
  v1::Transaction dry = Weight(7);
  dry.set_dry_run(true);
  test_.Submit(std::move(dry));
  test_.Submit(ParseTransaction(R"(operations { remove_listener: "none" })"));
  EXPECT_THAT(Answers(), ElementsAre("2", "rejected"));
  test_.Submit(SnapshotTransaction(kSmallState));  // changes nothing, but what it found is not saved yet
  EXPECT_THAT(Answers(), ElementsAre("2", "rejected"));
  Saved();
  EXPECT_THAT(Answers(), ElementsAre("2", "rejected", "1 saved", "1 saved"));
}

TEST_F(Saving, WithoutADirectoryNothingIsSaidOfIt) {
  TestCore test;
  EXPECT_FALSE(test.Do(SnapshotTransaction(kSmallState)).applied().has_saved());
}

TEST_F(Saving, TheSameTransactionAgainMeanwhileGetsTheSameAnswer) {
  v1::Transaction transaction = SnapshotTransaction(kSmallState);
  transaction.set_id("once");
  test_.Submit(transaction);
  test_.Submit(transaction);
  Saved();
  EXPECT_THAT(Answers(), ElementsAre("1 saved", "1 saved"));
  test_.Submit(transaction);
  EXPECT_THAT(Answers(), ElementsAre("1 saved", "1 saved", "1 saved"));
}

TEST_F(Saving, WhoIsGoneIsNotAnswered) {
  int answers = 0;
  v1::Transaction transaction = SnapshotTransaction(kSmallState);
  transaction.set_id("x");
  const uint64_t ticket = test_.core.SubmitTransaction(std::move(transaction),
                                                       [&](const std::shared_ptr<const v1::FromProxy>&) { ++answers; });
  test_.core.ForgetAnswer(ticket);
  Saved();
  EXPECT_EQ(answers, 0);
}

TEST_F(Saving, ConfirmedWaitsToo) {
  test_.Submit(SnapshotTransaction(kSmallState));
  test_.Submit(OnTrial(Weight(7), 60));
  Saved();
  std::vector<v1::Confirmed> confirmed;
  const auto on_answer = [&](const std::shared_ptr<const v1::FromProxy>& answer) {
    confirmed.push_back(answer->confirmed());
  };
  test_.core.Confirm("never", {}, on_answer);
  ASSERT_EQ(confirmed.size(), 1u) << "that it is not known is known";
  test_.core.Confirm("bold", {}, on_answer);
  EXPECT_EQ(confirmed.size(), 1u);
  EXPECT_FALSE(file_.Read().on_trial());
  Saved();
  ASSERT_EQ(confirmed.size(), 2u);
  EXPECT_TRUE(confirmed[1].saved());
  EXPECT_EQ(file_.Read().revision().trial(), v1::HistoryEntry::CONFIRMED);
}

TEST_F(Saving, AHigherEpochIsSavedWhateverBecameOfItsTransaction) {
  v1::Transaction transaction = ParseTransaction(R"(operations { remove_listener: "none" })");
  transaction.set_leader_epoch(9);
  test_.Submit(transaction);
  EXPECT_EQ(file_.Read().leader_epoch(), 9u);
  EXPECT_EQ(file_.last_number(), 1u);
  transaction.set_id("again");
  test_.Submit(transaction);
  EXPECT_EQ(file_.last_number(), 1u) << "once";
}

TEST_F(Saving, AHigherEpochAloneIsRestored) {
  v1::Transaction transaction = ParseTransaction(R"(operations { remove_listener: "none" })");
  transaction.set_leader_epoch(9);
  test_.Submit(transaction);
  TestCore anew;
  EXPECT_TRUE(Restore(anew, file_.Read()));
  EXPECT_EQ(anew.core.leader_epoch(), 9u);
  EXPECT_EQ(anew.core.revision(), 0u);
  EXPECT_EQ(anew.Do(SnapshotTransaction(kSmallState)).applied().revision(), 1u);
}

TEST_F(Saving, ASnapshotThatChangesLittleIsSavedAsThat) {
  std::string servers;
  for (int i = 0; i < 1'000; ++i) servers += base::StrCat("servers { id: 's", i, "' address: '10.0.0.1:80' } ");
  const auto fleet = [&](const std::string& more) {
    return SnapshotTransaction(base::StrCat("backends { id: 'web' ", servers, more, " }"));
  };
  test_.Submit(fleet(""));
  const size_t whole = file_.size();
  test_.Submit(fleet("servers { id: 'new' address: '10.0.0.2:80' weight: 3 }"));
  EXPECT_LT(file_.size() - whole, whole / 100);
  EXPECT_EQ(file_.Read().revision().fingerprint(), test_.core.fingerprint());
  EXPECT_TRUE(file_.Read().FingerprintIsRight());
}

TEST_F(Saving, EverythingCanBeSavedAnew) {
  test_.Submit(SnapshotTransaction(kSmallState));
  test_.Submit(OnTrial(Weight(7), 60));
  test_.Submit(ParseTransaction(R"(operations { set_health { backend: "web" server: "w1" status: DOWN } })"));
  Saved();
  const persistence::Image before = file_.Read();
  test_.core.SaveAll();
  const persistence::Image after = file_.Read();
  EXPECT_TRUE(after.FingerprintIsRight());
  EXPECT_TRUE(after.on_trial());
  EXPECT_EQ(after.revision().SerializeAsString(), before.revision().SerializeAsString());
  EXPECT_EQ(after.MakeSnapshot().SerializeAsString(), before.MakeSnapshot().SerializeAsString());
  EXPECT_EQ(RestoredOf(after).config.SerializeAsString(), RestoredOf(before).config.SerializeAsString());
}

TEST_F(Saving, WhatIsRestoredIsServedAsItWas) {
  test_.Submit(SnapshotTransaction(kSmallState));
  v1::Transaction last = Weight(7);
  last.set_id("once");
  last.set_leader_epoch(5);
  test_.Submit(last);
  TestCore anew;
  EXPECT_TRUE(Restore(anew, file_.Read()));
  EXPECT_EQ(anew.core.revision(), 2u);
  EXPECT_EQ(anew.core.fingerprint(), test_.core.fingerprint());
  EXPECT_EQ(anew.core.leader_epoch(), 5u);
  EXPECT_EQ(anew.PublishedHealth("web", "w2"), config::Health::kDown);
  EXPECT_EQ(anew.Do(last).applied().revision(), 2u) << "as it was answered";
  v1::Transaction next = Weight(8);
  next.set_id("next");
  EXPECT_EQ(anew.Do(std::move(next)).applied().revision(), 3u);
  const v1::History history = anew.core.ReportHistory(10);
  ASSERT_EQ(history.entries_size(), 3);
  EXPECT_FALSE(history.entries(0).restored());
  EXPECT_TRUE(history.entries(1).restored());
  EXPECT_EQ(history.entries(1).transaction_id(), "once");
  EXPECT_TRUE(history.entries(2).can_go_back());
}

// What is on the disk was whole, as far as its checksums say, and is of other resources all the same.
TEST_F(Saving, AWayBackThatLeadsElsewhereIsNotTaken) {
  test_.Submit(SnapshotTransaction(kSmallState));
  test_.Submit(Weight(7));
  persistence::Restored restored = RestoredOf(file_.Read());
  const persistence::History good = std::exchange(restored.history, {});
  persistence::Revision newest = good.revisions()[0];
  newest.mutable_undo()->set_operations(Weight(6).SerializeAsString());
  restored.history.Add(std::move(newest));
  ASSERT_TRUE(restored.history.AddOlder(good.revisions()[1]));
  TestCore anew;
  ASSERT_TRUE(anew.core.Restore(std::move(restored), [] {}).ok());
  v1::Transaction back;
  back.set_id("back");
  back.set_rollback_to(1);
  EXPECT_THAT(TestCore::ViolationsOf(anew.Do(back)),
              ElementsAre(HasSubstr("NOT_FOUND rollback_to: what is remembered of revision 1 makes ")));
  EXPECT_EQ(anew.core.revision(), 2u);
  v1::Transaction dry_run = back;
  dry_run.set_id("dry run");
  dry_run.set_dry_run(true);
  EXPECT_TRUE(anew.Do(dry_run).has_rejected());
  EXPECT_THAT(anew.core.ReportRevision(1).error(), HasSubstr("the resources of revision 1 are not known"));
}

TEST_F(Saving, HistoryOutlivesFilesThatAreWrittenAnew) {
  test_.Submit(SnapshotTransaction(kSmallState));
  std::map<uint64_t, std::string> fingerprints;
  for (uint32_t weight = 2; weight <= 250; ++weight) {
    test_.Submit(Weight(weight));
    fingerprints[test_.core.revision()] = test_.core.fingerprint();
    if (weight % 70 == 0) file_.WriteAnew();
  }
  TestCore anew;
  EXPECT_TRUE(Restore(anew, file_.Read()));
  EXPECT_EQ(Describe(anew.core.ReportHistory(SIZE_MAX)), Describe(test_.core.ReportHistory(SIZE_MAX)));
  for (uint64_t revision = 150; revision <= 250; ++revision) {
    EXPECT_EQ(anew.core.ReportRevision(revision).fingerprint(), fingerprints[revision]);
  }
  EXPECT_NE(anew.core.ReportRevision(149).error(), "");
}

TEST_F(Saving, WhatThisVersionRefusesIsNotRestored) {
  persistence::Restored restored;
  restored.config = ParseSnapshot(R"(listeners { id: "web" address: "nowhere" http { route_table: "main" } })");
  restored.history = OneRevision(3, api::OfSnapshot(restored.config).ToHex());
  TestCore test;
  const absl::Status status = test.core.Restore(std::move(restored), [] {});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("listeners[\"web\"].address: not an IP:port"));
  EXPECT_EQ(test.core.revision(), 0u);
}

// A listener whose address is taken by another process.
class Unbound : public Saving {
 protected:
  Unbound() : taken_(*net::Listen(*net::Address::Parse("127.0.0.1:0"), 1)) {
    address_ = taken_->address.ToString();
    persistence::Restored restored;
    restored.config =
        ParseSnapshot(base::StrCat(R"(listeners { id: "web" address: ")", address_, R"(" http { route_table: "main" } }
                                      listeners { id: "other" address: "127.0.0.1:0" http { route_table: "main" } }
                                      route_tables { id: "main" })"));
    restored.history = OneRevision(3, api::OfSnapshot(restored.config).ToHex());
    EXPECT_TRUE(test_.core.Restore(std::move(restored), [] {}).ok());
  }
  const config::Listener& web() const { return *test_.core.snapshot()->listeners[0]; }

  std::optional<net::ListeningSockets> taken_;
  std::string address_;
};

TEST_F(Unbound, TheRestIsServedAndItIsTriedEverySecond) {
  EXPECT_EQ(test_.core.revision(), 3u);
  EXPECT_FALSE(web().sockets->bound());
  EXPECT_THAT(web().sockets->error, HasSubstr("Address already in use"));
  EXPECT_TRUE(test_.core.snapshot()->listeners[1]->sockets->bound());
  test_.Advance(1'000);
  EXPECT_FALSE(web().sockets->bound());
  taken_.reset();
  test_.Advance(1'000);
  EXPECT_TRUE(web().sockets->bound());
  EXPECT_EQ(web().bound_address.ToString(), address_);
  EXPECT_EQ(test_.core.revision(), 3u) << "nothing that a controller knows has changed";
  EXPECT_THAT(test_.workers.published().back().changes.listeners, ElementsAre(0u));
  EXPECT_EQ(file_.last_number(), 0u);
}

TEST_F(Unbound, AChangeOfItIsRefusedAsAnyThatCannotBeBound) {
  const std::string upsert = base::StrCat(R"(operations { upsert_listener { id: "web" address: ")", address_,
                                          R"(" max_connections: 7 http { route_table: "main" } } })");
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(ParseTransaction(upsert))),
              ElementsAre(HasSubstr("BIND_FAILED listeners[\"web\"].address")));
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(ParseTransaction(R"(operations { upsert_route_table { id: "more" } })"))),
              IsEmpty());
  taken_.reset();
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(ParseTransaction(upsert))), IsEmpty());
  EXPECT_TRUE(web().sockets->bound());
}

TEST_F(Unbound, OneThatIsRemovedIsTriedNoMore) {
  test_.Submit(ParseTransaction(R"(operations { remove_listener: "web" })"));
  taken_.reset();
  test_.Advance(2'000);
  EXPECT_TRUE(net::Listen(*net::Address::Parse(address_), 1).ok());
}

TEST(Votes, AreHandedOverEveryFiveSecondsAndGivenBackWithWhatIsLeftOfTheirLives) {
  std::vector<persistence::VotePieces> saved;
  event::TimerWheel timers;
  FakeWorkers workers;
  ControlCore::Options options = workers.Options(&timers);
  options.save_votes = [&](persistence::VotePieces votes) { saved.push_back(std::move(votes)); };
  ControlCore core(std::move(options));
  const auto advance = [&](uint64_t ms) {
    for (uint64_t i = 0; i < ms; ++i) timers.Advance(timers.now_ms() + 1);
  };
  core.SubmitTransaction(
      [] {
        v1::Transaction transaction = SnapshotTransaction(kSmallState);
        transaction.set_id("x");
        return transaction;
      }(),
      nullptr);
  advance(5'000);
  EXPECT_EQ(saved.size(), 0u) << "nobody said anything";
  const auto report = [&](std::string_view reporter, config::Health health, uint64_t ttl_ms) {
    EXPECT_TRUE(core.health()
                    .Take({.backend = "web",
                           .server = "w1",
                           .status = health,
                           .reporter = reporter,
                           .incarnation = 3,
                           .sequence = 7,
                           .ttl_ms = ttl_ms,
                           .reason = "so it is"})
                    .ok());
  };
  report("first", config::Health::kUp, 60'000);
  report("short", config::Health::kDegraded, 5'500);
  report("last", config::Health::kDown, 30'000);
  advance(5'001);
  ASSERT_EQ(saved.size(), 1u);
  const auto votes = persistence::ReadVotesFile(persistence::MakeVotesFile(saved[0]));
  ASSERT_TRUE(votes.ok());
  ASSERT_EQ(votes->size(), 1u);
  const persistence::ServerVotes& saved_server = (*votes)[0];
  ASSERT_EQ(saved_server.votes_size(), 3);
  EXPECT_EQ(saved_server.votes(0).reporter(), "first");
  EXPECT_LE(saved_server.votes(2).left_ms(), 25'000u);

  persistence::Restored restored;
  restored.config = ParseSnapshot(kSmallState);
  restored.history = OneRevision(1, core.fingerprint());
  restored.votes = *votes;
  restored.votes[0].set_time_ms(saved_server.time_ms() - 10'000);  // so long it was down
  restored.votes.push_back(restored.votes[0]);
  restored.votes[1].set_server("gone");
  TestCore anew;
  ASSERT_TRUE(anew.core.Restore(std::move(restored), [] {}).ok());
  EXPECT_EQ(anew.PublishedHealth("web", "w1"), config::Health::kDown);
  EXPECT_EQ(anew.workers.published().size(), 1u) << "never served without";
  EXPECT_FALSE(anew.core.health()
                   .Take({.backend = "web",
                          .server = "w1",
                          .status = config::Health::kUp,
                          .reporter = "last",
                          .incarnation = 3,
                          .sequence = 7,
                          .reason = {}})
                   .ok())
      << "it was said before";
  anew.Advance(15'001);
  anew.Advance(10);
  EXPECT_EQ(anew.PublishedHealth("web", "w1"), config::Health::kUp) << "the first one's word, which lives longer";
  anew.Advance(30'000);
  anew.Advance(10);
  EXPECT_EQ(anew.PublishedHealth("web", "w1"), config::Health::kUnknown);
}

class SavingModel : public testing::TestWithParam<unsigned> {};

// Whatever transactions did, a restart serves exactly what was, and knows what was before; numbers go on.
TEST_P(SavingModel, ARestartServesWhatWas) {
  RandomTransactions random(GetParam());
  FakeFile file;
  auto test = std::make_unique<TestCore>(FakeWorkers::Adopt::kAtOnce, file.AsSave(), milliseconds(0));
  int restarts = 0, trials = 0;
  for (int step = 0; step < 300; ++step) {
    const persistence::Image image = file.Read();
    ASSERT_EQ(image.revision().revision(), test->core.revision()) << "step " << step;
    ASSERT_TRUE(image.FingerprintIsRight()) << "step " << step;
    ASSERT_EQ(image.on_trial(), test->core.FindUnconfirmed().has_value()) << "step " << step;

    v1::Transaction transaction = random.Next(NaiveModel::Of(image.MakeSnapshot()));
    transaction.set_id(base::StrCat("step ", step));
    const uint64_t now = test->core.revision();
    switch (random.Below(13)) {
      case 0:  // back to an earlier revision
        transaction.clear_operations();
        transaction.clear_snapshot();
        transaction.set_rollback_to(now - std::min<uint64_t>(now, random.Below(30)));
        break;
      case 1:
      case 2:
        transaction.mutable_confirm_within()->set_seconds(60);
        ++trials;
        break;
      case 3:
        if (auto trial = test->core.FindUnconfirmed()) test->Confirm(trial->transaction_id());
        break;
      case 4:  // ends a trial
        test->Advance(60'000);
        break;
      case 5: {
        test->Advance(60'000);  // by itself it comes to what a restart comes to at once
        const std::string fingerprint = test->core.fingerprint();
        auto anew = std::make_unique<TestCore>(FakeWorkers::Adopt::kAtOnce, file.AsSave(), milliseconds(0));
        if (image.revision().revision() == 0) break;
        ASSERT_TRUE(Restore(*anew, image));
        ASSERT_EQ(anew->core.fingerprint(), fingerprint);
        ASSERT_EQ(anew->core.revision(), test->core.revision());
        ASSERT_EQ(Describe(anew->core.ReportHistory(SIZE_MAX)), Describe(test->core.ReportHistory(SIZE_MAX)));
        const uint64_t last = anew->core.revision();
        for (uint64_t back = 1; back <= 120 && back <= last; back += 3) {
          ASSERT_EQ(anew->core.ReportRevision(last - back).fingerprint(),
                    test->core.ReportRevision(last - back).fingerprint())
              << "from " << last << " to " << last - back;
          ASSERT_EQ(anew->core.ReportRevision(last - back).error() == "", back <= History::kMaxRevisions);
        }
        test = std::move(anew);
        ++restarts;
        break;
      }
      case 6:
        file.WriteAnew();
        break;
      default:
        break;
    }
    test->Submit(std::move(transaction));
  }
  EXPECT_GT(restarts, 5);
  EXPECT_GT(trials, 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SavingModel, testing::Range(0u, 20u));

}  // namespace
}  // namespace fairlead::control
