#include "dataplane/control/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/naive_model.h"
#include "dataplane/control/random_transactions.h"
#include "dataplane/control/test_support.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::control {
namespace {

using config::Health;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kNoTrial[] = "";

v1::Transaction Weight(uint32_t weight) {
  return ParseTransaction(base::StrCat(
      R"(operations { upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: )", weight,
      " } } }"));
}

v1::Transaction SetHealth(std::string_view server, std::string_view status) {
  return ParseTransaction(
      base::StrCat(R"(operations { set_health { backend: "web" server: ")", server, R"(" status: )", status, " } }"));
}

v1::Transaction Rollback(uint64_t revision) {
  v1::Transaction transaction;
  transaction.set_rollback_to(revision);
  return transaction;
}

v1::Transaction OnTrial(v1::Transaction transaction, int64_t seconds, std::string_view id = "bold") {
  transaction.set_id(std::string(id));
  transaction.set_author("ops");
  transaction.mutable_confirm_within()->set_seconds(seconds);
  return transaction;
}

// What `field` of each entry is, the newest first.
template <typename Field>
std::vector<std::string> Entries(const TestCore& test, Field field) {
  const v1::History history = test.core.ReportHistory(SIZE_MAX);
  std::vector<std::string> texts;
  for (const v1::HistoryEntry& entry : history.entries()) texts.push_back(field(entry));
  return texts;
}

std::vector<std::string> Trials(const TestCore& test) {
  return Entries(test, [](const v1::HistoryEntry& entry) {
    return base::StrCat(entry.revision(), " ", v1::HistoryEntry::Trial_Name(entry.trial()));
  });
}

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() { test_.Do(SnapshotTransaction(kSmallState)); }

  // Of web/w1.
  uint32_t weight() {
    uint32_t weight = 0;
    test_.core.snapshot()->backends.ForEach([&](size_t, const auto& backend) {
      if (backend == nullptr || backend->settings->id != "web") return;
      backend->servers.ForEach([&](size_t, const auto& server) {
        if (server != nullptr && server->id == "w1") weight = server->weight;
      });
    });
    return weight;
  }
  std::string OnTrialNow() {
    const std::optional<v1::HistoryEntry> entry = test_.core.FindUnconfirmed();
    return entry.has_value() ? base::StrCat(entry->revision(), " for ", entry->trial_ends_in_ms(), " ms") : kNoTrial;
  }

  TestCore test_;
};

TEST_F(HistoryTest, TellsWhoWhenAndWhy) {
  v1::Transaction transaction = Weight(9);
  transaction.set_id("mine");
  transaction.set_author("anna");
  transaction.set_comment("more for w1");
  transaction.set_leader_epoch(3);
  std::string fingerprint;
  test_.core.SubmitTransaction(
      transaction, [&](std::shared_ptr<const v1::FromProxy> answer) { fingerprint = answer->applied().fingerprint(); },
      identity::Peer{.source = "10.0.0.9:4321"});
  const v1::History history = test_.core.ReportHistory(SIZE_MAX);
  ASSERT_THAT(history.entries(), SizeIs(2));
  const v1::HistoryEntry& entry = history.entries(0);
  EXPECT_EQ(entry.revision(), 2u);
  EXPECT_EQ(entry.fingerprint(), fingerprint);
  EXPECT_EQ(entry.transaction_id(), "mine");
  EXPECT_EQ(entry.author(), "anna");
  EXPECT_EQ(entry.comment(), "more for w1");
  EXPECT_EQ(entry.leader_epoch(), 3u);
  EXPECT_EQ(entry.source(), "10.0.0.9:4321");
  EXPECT_EQ(entry.changed(), 1u);
  EXPECT_EQ(entry.added() + entry.removed(), 0u);
  EXPECT_GT(entry.time_ms(), 1'700'000'000'000u);
  EXPECT_EQ(entry.trial(), v1::HistoryEntry::NONE);
  EXPECT_TRUE(entry.can_go_back());
  EXPECT_EQ(history.entries(1).added(), 8u);
  EXPECT_THAT(test_.core.ReportHistory(1).entries(), SizeIs(1));
}

TEST_F(HistoryTest, WhatWasRejectedTriedOrChangedNothingIsNoRevision) {
  v1::Transaction dry_run = Weight(7);
  dry_run.set_dry_run(true);
  test_.Do(dry_run);
  test_.Do(Weight(5));  // as it is
  test_.Do(ParseTransaction(R"(operations { remove_backend: "none" })"));
  EXPECT_THAT(Trials(test_), ElementsAre("1 NONE"));
}

TEST_F(HistoryTest, GoesBackAsOneMoreRevision) {
  const std::string fingerprint = test_.core.fingerprint();
  test_.Do(Weight(7));
  test_.Do(Weight(9));
  const v1::Applied applied = test_.Do(Rollback(1)).applied();
  EXPECT_EQ(applied.revision(), 4u);
  EXPECT_EQ(applied.fingerprint(), fingerprint);
  EXPECT_EQ(applied.changed(), 1u);
  EXPECT_EQ(weight(), 5u);
  EXPECT_EQ(test_.core.ReportHistory(1).entries(0).rollback_to(), 1u);
  // And back again from there.
  EXPECT_TRUE(test_.Do(Rollback(3)).has_applied());
  EXPECT_EQ(weight(), 9u);
}

TEST_F(HistoryTest, GoesBackToNothing) {
  EXPECT_EQ(test_.Do(Rollback(0)).applied().removed(), 8u);
  EXPECT_EQ(test_.core.fingerprint(), std::string(32, '0'));
  EXPECT_TRUE(test_.Do(Rollback(1)).has_applied());
  EXPECT_EQ(weight(), 5u);
}

TEST_F(HistoryTest, GoingBackToWhatIsServedChangesNothing) {
  const v1::Applied applied = test_.Do(Rollback(1)).applied();
  EXPECT_EQ(applied.revision(), 1u);
  EXPECT_EQ(applied.fingerprint(), test_.core.fingerprint());
}

TEST_F(HistoryTest, ADryRunOfGoingBackChangesNothing) {
  test_.Do(Weight(7));
  v1::Transaction dry_run = Rollback(1);
  dry_run.set_dry_run(true);
  EXPECT_EQ(test_.Do(dry_run).applied().changed(), 1u);
  EXPECT_EQ(weight(), 7u);
}

TEST_F(HistoryTest, RefusesWhatItCannotReach) {
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(Rollback(2))),
              ElementsAre("NOT_FOUND rollback_to: revision 2 can't be returned to: it is yet to come"));
  v1::Transaction both = Rollback(0);
  both.MergeFrom(Weight(7));
  EXPECT_THAT(
      TestCore::ViolationsOf(test_.Do(both)),
      ElementsAre("INVALID_ARGUMENT rollback_to: beside a snapshot or operations; want exactly one of the three"));
  for (uint32_t i = 0; i < History::kMaxRevisions; ++i) test_.Do(Weight(10 + i));
  EXPECT_THAT(test_.core.ReportHistory(SIZE_MAX).entries(), SizeIs(History::kMaxRevisions));
  EXPECT_THAT(
      TestCore::ViolationsOf(test_.Do(Rollback(0))),
      ElementsAre("NOT_FOUND rollback_to: revision 0 can't be returned to: it is older than what is remembered"));
  EXPECT_TRUE(test_.Do(Rollback(1)).has_applied());
  EXPECT_EQ(weight(), 5u);
}

TEST_F(HistoryTest, ForgetsWhatTakesTooMuchRoomButNotTheNewest) {
  const auto labels = [](int value) {
    v1::Transaction transaction;
    for (int i = 0; i < 1'200; ++i) {
      v1::UpsertServer& upsert = *transaction.add_operations()->mutable_upsert_server();
      upsert.set_backend("web");
      upsert.mutable_server()->set_id(base::StrCat("s", i));
      upsert.mutable_server()->set_address("127.0.0.1:9001");
      for (int label = 0; label < 64; ++label) {
        (*upsert.mutable_server()->mutable_labels())[base::StrCat(label)] =
            std::string(250, static_cast<char>('a' + value));
      }
    }
    return transaction;
  };
  for (int value = 0; value < 3; ++value) test_.Do(labels(value));  // each replaces about 20 MB
  EXPECT_THAT(Entries(test_, [](const auto& entry) { return entry.can_go_back() ? "yes" : "no"; }),
              ElementsAre("yes", "no", "no", "no"));
  EXPECT_TRUE(test_.Do(Rollback(3)).has_applied());
}

TEST_F(HistoryTest, AnEarlierRevisionCanBeLookedAt) {
  test_.Do(ParseTransaction(R"(
    operations { remove_server { backend: "web" server: "w2" } }
    operations { upsert_server { backend: "web" server { id: "w3" address: "10.0.0.3:80" } } }
    operations { upsert_backend { id: "web" load_balancing { policy: RANDOM } } })"));
  const v1::StateReport report = test_.core.ReportRevision(1);
  EXPECT_EQ(report.revision(), 1u);
  EXPECT_EQ(report.fingerprint(), test_.core.ReportHistory(SIZE_MAX).entries(1).fingerprint());
  EXPECT_EQ(report.error(), "");
  EXPECT_EQ(test_.core.ReportRevision(0).config().ByteSizeLong(), 0u);
  EXPECT_EQ(test_.core.ReportRevision(7).error(), "the resources of revision 7 are not known: see the history");
}

TEST_F(HistoryTest, WhatIsConfirmedStands) {
  EXPECT_TRUE(test_.Do(OnTrial(Weight(7), 60)).has_applied());
  EXPECT_EQ(OnTrialNow(), "2 for 60000 ms");
  test_.Advance(59'000);
  EXPECT_EQ(OnTrialNow(), "2 for 1000 ms");
  const v1::Confirmed confirmed = test_.Confirm("bold");
  EXPECT_EQ(confirmed.error(), "");
  EXPECT_EQ(confirmed.revision(), 2u);
  test_.Advance(60'000);
  EXPECT_EQ(weight(), 7u);
  EXPECT_THAT(Trials(test_), ElementsAre("2 CONFIRMED", "1 NONE"));
  EXPECT_EQ(test_.Confirm("bold").error(), "");  // again
  EXPECT_TRUE(test_.Do(Weight(8)).has_applied());
}

TEST_F(HistoryTest, WhatIsNotConfirmedIsChangedBack) {
  const std::string fingerprint = test_.core.fingerprint();
  test_.Do(OnTrial(Weight(7), 60));
  test_.Advance(59'999);
  EXPECT_EQ(weight(), 7u);
  test_.Advance(1);
  EXPECT_EQ(weight(), 5u);
  EXPECT_EQ(test_.core.fingerprint(), fingerprint);
  EXPECT_EQ(test_.core.revision(), 3u);
  EXPECT_EQ(OnTrialNow(), kNoTrial);
  EXPECT_THAT(Trials(test_), ElementsAre("3 NONE", "2 REVERTED", "1 NONE"));
  const v1::HistoryEntry entry = test_.core.ReportHistory(1).entries(0);
  EXPECT_EQ(entry.source(), "proxy");
  EXPECT_EQ(entry.comment(), "revision 2 was not confirmed in time");
  EXPECT_EQ(entry.rollback_to(), 1u);
  EXPECT_EQ(test_.Confirm("bold").error(), "revision 2 was changed back");
  EXPECT_TRUE(test_.Do(Weight(8)).has_applied());
}

TEST(Trial, BeginsWhenEveryWorkerServesTheRevision) {
  TestCore test(FakeWorkers::Adopt::kWhenTold);
  test.Submit(SnapshotTransaction(kSmallState));
  test.workers.AdoptNow();
  test.Submit(OnTrial(Weight(7), 10));
  test.Advance(9'000);
  test.workers.AdoptNow();
  test.Advance(9'000);
  EXPECT_FALSE(test.workers.adopting());
  test.Advance(1'000);
  EXPECT_TRUE(test.workers.adopting());
  EXPECT_EQ(test.core.revision(), 3u);
}

TEST_F(HistoryTest, OnTrialOnlyHealthAndDryRunsAreTaken) {
  test_.Do(OnTrial(Weight(7), 60));
  const std::string refusal =
      "UNCONFIRMED : revision 2, made by transaction \"bold\" of \"ops\", is on trial: confirm it, go back to revision "
      "1, or wait until it is changed back";
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(Weight(8))), ElementsAre(refusal));
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(SnapshotTransaction(kSmallState))), ElementsAre(refusal));
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(Rollback(2))), ElementsAre(refusal));
  v1::Transaction dry_run = Weight(8);
  dry_run.set_dry_run(true);
  EXPECT_TRUE(test_.Do(dry_run).has_applied());
  EXPECT_TRUE(test_.Do(SetHealth("w1", "DOWN")).has_applied());
  test_.Advance(60'000);
  // Its health was not on trial.
  EXPECT_EQ(weight(), 5u);
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
}

TEST_F(HistoryTest, ATrialOfNobodyIsNamedByWhereItCameFrom) {
  v1::Transaction transaction = OnTrial(Weight(7), 60);
  transaction.clear_author();
  test_.Do(transaction);
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(Weight(8))),
              ElementsAre(HasSubstr(" of \"" + test_.core.FindUnconfirmed()->source() + "\", is on trial")));
}

TEST_F(HistoryTest, ATrialOfWordsOnHealthDoesNotEndAnother) {
  test_.Do(OnTrial(Weight(7), 60));
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(OnTrial(SetHealth("w1", "DOWN"), 60, "other"))),
              ElementsAre(StartsWith("UNCONFIRMED : revision 2, made by")));
  test_.Advance(60'000);
  EXPECT_EQ(weight(), 5u);
}

TEST_F(HistoryTest, LaterWordsOnHealthStandWhereTheTrialHadOthers) {
  v1::Transaction bold = Weight(7);
  bold.MergeFrom(SetHealth("w2", "UP"));
  test_.Do(OnTrial(bold, 60));
  test_.Do(SetHealth("w2", "DEGRADED"));
  test_.Advance(60'000);
  EXPECT_EQ(weight(), 5u);
  EXPECT_EQ(test_.PublishedHealth("web", "w2"), Health::kDegraded);
}

// Each is a revision: more than the history remembers.
TEST_F(HistoryTest, ATrialOutlivesAnyNumberOfWordsOnHealth) {
  v1::Transaction bold = Weight(7);
  bold.MergeFrom(SetHealth("w2", "UP"));
  test_.Do(OnTrial(bold, 60));
  for (size_t i = 0; i < History::kMaxRevisions; ++i) {
    ASSERT_TRUE(test_.Do(SetHealth("w1", i % 2 == 0 ? "DOWN" : "UP")).has_applied());
  }
  EXPECT_EQ(OnTrialNow(), "2 for 60000 ms");
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(Weight(8))),
              ElementsAre(StartsWith("UNCONFIRMED : revision 2, made by")));
  test_.Advance(60'000);
  EXPECT_EQ(weight(), 5u);
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kUp);
  EXPECT_EQ(test_.PublishedHealth("web", "w2"), Health::kDown);
}

TEST_F(HistoryTest, AndCanStillBeConfirmed) {
  test_.Do(OnTrial(Weight(7), 60));
  for (size_t i = 0; i < History::kMaxRevisions; ++i) test_.Do(SetHealth("w1", i % 2 == 0 ? "DOWN" : "UP"));
  EXPECT_EQ(test_.Confirm("bold").error(), "");
  test_.Advance(60'000);
  EXPECT_EQ(weight(), 7u);
}

TEST_F(HistoryTest, GoingBackEndsTheTrial) {
  test_.Do(OnTrial(Weight(7), 60));
  EXPECT_TRUE(test_.Do(Rollback(1)).has_applied());
  EXPECT_EQ(weight(), 5u);
  EXPECT_EQ(OnTrialNow(), kNoTrial);
  EXPECT_THAT(Trials(test_), ElementsAre("3 NONE", "2 REVERTED", "1 NONE"));
  test_.Advance(100'000);
  EXPECT_EQ(test_.core.revision(), 3u);
}

TEST_F(HistoryTest, TheFirstOfAllCanBeOnTrial) {
  TestCore test;
  test.Do(OnTrial(SnapshotTransaction(kSmallState), 1));
  test.Advance(1'000);
  EXPECT_EQ(test.core.fingerprint(), std::string(32, '0'));
  EXPECT_THAT(test.core.bound_listeners(), IsEmpty());
}

TEST_F(HistoryTest, IsTriedAgainWhereTheListenersAddressIsTaken) {
  const std::string address = net::Listen(*net::Address::Parse("127.0.0.1:0"), 1)->address.ToString();
  ASSERT_TRUE(test_
                  .Do(ParseTransaction(base::StrCat(R"(operations { upsert_listener { id: "l" address: ")", address,
                                                    R"(" http { route_table: "main" } } })")))
                  .has_applied());
  test_.Do(OnTrial(ParseTransaction(R"(operations { remove_listener: "l" })"), 5));
  test_.workers.DropOldSnapshots();
  auto taken = net::Listen(*net::Address::Parse(address), 1);
  ASSERT_TRUE(taken.ok());
  test_.Advance(5'000);
  EXPECT_THAT(test_.core.FindUnconfirmed()->trial_error(), StartsWith("listeners[\"l\"].address: cannot listen on"));
  taken = absl::CancelledError();
  test_.Advance(1'000);
  EXPECT_THAT(test_.core.bound_listeners(), SizeIs(2));
  EXPECT_THAT(Trials(test_), ElementsAre("4 NONE", "3 REVERTED", "2 NONE", "1 NONE"));
}

TEST_F(HistoryTest, RefusesTimesThatAreNone) {
  v1::Transaction soon = Weight(7);
  soon.mutable_confirm_within()->set_nanos(999'000'000);
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(soon)), ElementsAre("INVALID_ARGUMENT confirm_within: less than 1 s"));
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(OnTrial(Weight(7), 86'401))),
              ElementsAre("INVALID_ARGUMENT confirm_within: not 1 ms to 24 h: 86401s"));
  EXPECT_EQ(test_.Confirm("never").error(), "no revision is known that transaction \"never\" made");
}

class HistoryModel : public testing::TestWithParam<unsigned> {};

// Whatever transactions did, going back leads to exactly what was.
TEST_P(HistoryModel, GoesBackToWhatWas) {
  RandomTransactions random(GetParam());
  TestCore test;
  NaiveModel model;
  std::map<uint64_t, std::pair<std::string, NaiveModel>> states{{0, {test.core.fingerprint(), model}}};
  int rollbacks = 0;
  for (int step = 0; step < 300; ++step) {
    v1::Transaction transaction = random.Next(model);
    const uint64_t now = test.core.revision();
    const uint64_t to = now - std::min<uint64_t>(now, random.Below(20));
    const bool goes_back = random.Below(5) == 0;
    if (goes_back) transaction = Rollback(to);
    const v1::FromProxy answer = test.Do(transaction);
    if (goes_back) {
      ASSERT_TRUE(answer.has_applied()) << answer.DebugString();
      ASSERT_EQ(answer.applied().fingerprint(), states.at(to).first) << "from " << now << " to " << to;
      model = states.at(to).second;
      ++rollbacks;
    } else if (answer.has_applied()) {
      model = *model.After(transaction);
    }
    states[test.core.revision()] = {test.core.fingerprint(), model};
    const uint64_t looked_at = test.core.revision() - std::min<uint64_t>(test.core.revision(), random.Below(20));
    ASSERT_EQ(test.core.ReportRevision(looked_at).fingerprint(), states.at(looked_at).first);
  }
  EXPECT_GT(rollbacks, 30);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HistoryModel, testing::Range(0u, 20u));

}  // namespace
}  // namespace fairlead::control
