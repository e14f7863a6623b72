// Prepare, Commit and Abort, through the control core.
#include "dataplane/control/held_transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/naive_model.h"
#include "dataplane/control/random_transactions.h"
#include "dataplane/control/state_reporter.h"
#include "dataplane/control/test_support.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::control {
namespace {

using config::Health;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kSecondUs = 1'000'000;

v1::Transaction Weight(uint32_t weight) {
  return ParseTransaction(base::StrCat(
      R"(operations { upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:9001" weight: )", weight,
      " } } }"));
}

v1::Transaction SetHealth(std::string_view server, std::string_view status) {
  return ParseTransaction(
      base::StrCat(R"(operations { set_health { backend: "web" server: ")", server, R"(" status: )", status, " } }"));
}

class HeldTransactionTest : public testing::Test {
 protected:
  explicit HeldTransactionTest(FakeWorkers::Adopt adopt = FakeWorkers::Adopt::kAtOnce) : test_(adopt) {}

  void Begin(std::string_view state = kSmallState) { test_.Do(SnapshotTransaction(state)); }

  ControlCore::OnAnswer Into(std::vector<v1::FromProxy>& answers) {
    return [&answers](std::shared_ptr<const v1::FromProxy> answer) { answers.push_back(*answer); };
  }
  // What is answered at once; an empty message: nothing was.
  v1::FromProxy Prepare(v1::Transaction transaction, std::string_view id, int64_t hold_seconds = 0) {
    v1::Prepare prepare;
    *prepare.mutable_transaction() = std::move(transaction);
    prepare.mutable_transaction()->set_id(std::string(id));
    prepare.mutable_transaction()->set_author("ops");
    if (hold_seconds != 0) prepare.mutable_hold_for()->set_seconds(hold_seconds);
    std::vector<v1::FromProxy> answers;
    test_.core.Prepare(prepare, Into(answers), identity::Peer{.source = "here"});
    return answers.empty() ? v1::FromProxy() : answers[0];
  }
  v1::FromProxy Commit(std::string_view id, uint64_t at_us = 0, std::optional<uint64_t> epoch = {}) {
    v1::Commit commit;
    commit.set_transaction_id(std::string(id));
    commit.set_at_us(at_us);
    if (epoch.has_value()) commit.set_leader_epoch(*epoch);
    const size_t before = commits_.size();
    test_.core.Commit(commit, Into(commits_), identity::Peer{.source = "there"});
    return commits_.size() > before ? commits_.back() : v1::FromProxy();
  }
  v1::FromProxy Abort(std::string_view id, std::optional<uint64_t> epoch = {}) {
    v1::Abort abort;
    abort.set_transaction_id(std::string(id));
    if (epoch.has_value()) abort.set_leader_epoch(*epoch);
    std::vector<v1::FromProxy> answers;
    test_.core.Abort(abort, Into(answers), identity::Peer{.source = "there"});
    return answers.empty() ? v1::FromProxy() : answers[0];
  }
  static std::vector<std::string> ViolationsOf(const v1::FromProxy& answer) { return TestCore::ViolationsOf(answer); }

  uint64_t NowUs() const { return FakeWorkers::kStartUs + test_.timers.now_ms() * 1'000; }
  // Of web/w1, as the workers serve it.
  uint32_t weight() const { return FindServer("web", "w1")->weight; }
  const config::Server* FindServer(std::string_view backend, std::string_view id) const {
    const config::Server* found = nullptr;
    test_.workers.published().back().snapshot->backends.ForEach([&](size_t, const auto& b) {
      if (b == nullptr || b->settings->id != backend) return;
      b->servers.ForEach([&](size_t, const auto& server) {
        if (server != nullptr && server->id == id) found = server.get();
      });
    });
    return found;
  }

  TestCore test_;
  std::vector<v1::FromProxy> commits_;
};

class HeldWithSlowWorkers : public HeldTransactionTest {
 protected:
  HeldWithSlowWorkers() : HeldTransactionTest(FakeWorkers::Adopt::kWhenTold) {}
};

TEST_F(HeldTransactionTest, IsSwitchedToByCommit) {
  Begin();
  const v1::Prepared prepared = Prepare(Weight(7), "t").prepared();
  EXPECT_EQ(prepared.transaction_id(), "t");
  EXPECT_EQ(prepared.revision(), 2u);
  EXPECT_EQ(prepared.held_until_ms(), NowUs() / 1'000 + 60'000);
  EXPECT_EQ(weight(), 5u);
  EXPECT_EQ(test_.core.revision(), 1u);

  const v1::Applied applied = Commit("t").applied();
  EXPECT_EQ(applied.transaction_id(), "t");
  EXPECT_EQ(applied.revision(), 2u);
  EXPECT_EQ(applied.changed(), 1u);
  EXPECT_EQ(applied.fingerprint(), prepared.fingerprint());
  EXPECT_EQ(applied.fingerprint(), test_.core.fingerprint());
  EXPECT_EQ(applied.switched_us(), NowUs());
  EXPECT_EQ(weight(), 7u);
  EXPECT_FALSE(test_.core.FindPrepared().has_value());
  const v1::HistoryEntry entry = test_.core.ReportHistory(1).entries(0);
  EXPECT_EQ(entry.author(), "ops");
  EXPECT_EQ(entry.source(), "here");
}

TEST_F(HeldTransactionTest, HasItsSocketsOpen) {
  Begin();
  const net::Address address = net::Listen(*net::Address::Parse("127.0.0.1:0"), 1)->address;
  const v1::Transaction listener =
      ParseTransaction(base::StrCat(R"(operations { upsert_listener { id: "more" address: ")", address.ToString(),
                                    R"(" http { route_table: "main" } } })"));
  ASSERT_TRUE(Prepare(listener, "t").has_prepared());
  EXPECT_FALSE(net::Listen(address, 1).ok()) << "nobody can take it";
  // And keeps them where it is staged anew.
  test_.Do(SetHealth("w1", "DOWN"));
  ASSERT_TRUE(Commit("t").has_applied());
  EXPECT_EQ(test_.core.bound_listeners().size(), 2u);
  EXPECT_EQ(test_.core.bound_listeners()[1].address, address);

  ASSERT_TRUE(test_.Do(ParseTransaction(R"(operations { remove_listener: "more" })")).has_applied());
  test_.workers.DropOldSnapshots();
  ASSERT_TRUE(Prepare(listener, "t2").has_prepared());
  Abort("t2");
  EXPECT_TRUE(net::Listen(address, 1).ok());
}

TEST_F(HeldTransactionTest, WhatCannotBePreparedIsRejectedAndHoldsNothing) {
  Begin();
  const net::ListeningSockets taken = *net::Listen(*net::Address::Parse("127.0.0.1:0"), 1);
  const v1::FromProxy answer =
      Prepare(ParseTransaction(base::StrCat(R"(operations { upsert_listener { id: "more" address: ")",
                                            taken.address.ToString(), R"(" http { route_table: "main" } } })")),
              "t");
  EXPECT_THAT(ViolationsOf(answer), ElementsAre(HasSubstr("BIND_FAILED listeners[\"more\"].address: ")));
  EXPECT_TRUE(test_.Do(Weight(7)).has_applied());
  EXPECT_EQ(Commit("t").SerializeAsString(), answer.SerializeAsString());
}

TEST_F(HeldTransactionTest, KeepsOthersOutButForHealthAndDryRuns) {
  Begin();
  Prepare(Weight(7), "t");
  const std::string held =
      R"(PREPARED : transaction "t" of "ops" is prepared: commit or abort it, or wait 60 s until it is dropped)";
  EXPECT_THAT(ViolationsOf(test_.Do(Weight(8))), ElementsAre(held));
  EXPECT_THAT(ViolationsOf(Prepare(Weight(8), "t2")), ElementsAre(held));
  v1::Transaction trial = SetHealth("w1", "DOWN");
  trial.mutable_confirm_within()->set_seconds(60);
  EXPECT_THAT(ViolationsOf(test_.Do(trial)), ElementsAre(held));
  v1::Transaction dry_run = Weight(8);
  dry_run.set_dry_run(true);
  EXPECT_EQ(test_.Do(dry_run).applied().revision(), 2u);
  EXPECT_EQ(test_.Do(SetHealth("w1", "DOWN")).applied().revision(), 2u);
  EXPECT_EQ(Commit("t").applied().revision(), 3u);
  EXPECT_TRUE(test_.Do(Weight(8)).has_applied());
}

TEST_F(HeldTransactionTest, IsDroppedWhenItsTimeIsOver) {
  Begin();
  Prepare(Weight(7), "t", /*hold_seconds=*/2);
  test_.Advance(1'999);
  EXPECT_TRUE(test_.core.FindPrepared().has_value());
  test_.Advance(1);
  EXPECT_FALSE(test_.core.FindPrepared().has_value());
  EXPECT_EQ(test_.core.prepared_dropped(), 1u);
  const std::string dropped = "ABORTED : dropped: no Commit came in time";
  EXPECT_THAT(ViolationsOf(Commit("t")), ElementsAre(dropped));
  EXPECT_THAT(ViolationsOf(Prepare(Weight(7), "t")), ElementsAre(dropped)) << "a late copy holds nothing";
  EXPECT_TRUE(test_.Do(Weight(8)).has_applied());
}

TEST_F(HeldTransactionTest, IsDroppedByAbort) {
  Begin();
  Prepare(Weight(7), "t");
  const v1::FromProxy aborted = Abort("t");
  EXPECT_THAT(ViolationsOf(aborted), ElementsAre("ABORTED : aborted, from there"));
  EXPECT_EQ(Abort("t").SerializeAsString(), aborted.SerializeAsString());
  EXPECT_EQ(Commit("t").SerializeAsString(), aborted.SerializeAsString());
  EXPECT_TRUE(Prepare(Weight(8), "t2").has_prepared());
  EXPECT_EQ(weight(), 5u);
}

TEST_F(HeldTransactionTest, EverythingTwiceGetsTheFirstAnswer) {
  Begin();
  const v1::FromProxy prepared = Prepare(Weight(7), "t");
  test_.Advance(5'000);
  EXPECT_EQ(Prepare(Weight(7), "t").SerializeAsString(), prepared.SerializeAsString());
  EXPECT_THAT(ViolationsOf(Prepare(Weight(8), "t")),
              ElementsAre("ID_REUSED id: used already, for a transaction with other contents"));
  const v1::FromProxy applied = Commit("t");
  EXPECT_EQ(Commit("t").SerializeAsString(), applied.SerializeAsString());
  EXPECT_EQ(Abort("t").SerializeAsString(), applied.SerializeAsString()) << "too late";
  EXPECT_EQ(Prepare(Weight(7), "t").SerializeAsString(), applied.SerializeAsString());
  EXPECT_EQ(test_.core.revision(), 2u);
}

TEST_F(HeldTransactionTest, WhatNobodyPreparedCannotBeCommitted) {
  Begin();
  const std::string not_found = "NOT_FOUND transaction_id: not prepared, and not remembered";
  EXPECT_THAT(ViolationsOf(Commit("t")), ElementsAre(not_found));
  EXPECT_THAT(ViolationsOf(Abort("t")), ElementsAre(not_found));
  EXPECT_TRUE(Prepare(Weight(7), "t").has_prepared()) << "the id is not spoilt";
  EXPECT_THAT(ViolationsOf(Commit("u")), ElementsAre(not_found));
}

TEST_F(HeldTransactionTest, IsSwitchedToAtTheTimeThatWasSaid) {
  Begin();
  Prepare(Weight(7), "t");
  const uint64_t at_us = NowUs() + 90 * kSecondUs;  // beyond hold_for
  EXPECT_FALSE(Commit("t", at_us).has_applied());
  EXPECT_EQ(test_.core.FindPrepared()->commit_at_us(), at_us);
  test_.Advance(89'999);
  EXPECT_EQ(weight(), 5u);
  EXPECT_THAT(commits_, IsEmpty());
  test_.Advance(1);
  EXPECT_EQ(weight(), 7u);
  ASSERT_THAT(commits_, SizeIs(1));
  EXPECT_EQ(commits_[0].applied().switched_us(), at_us);
  EXPECT_EQ(test_.core.commit_lateness().count(), 0);
}

TEST_F(HeldTransactionTest, FollowsTheWallClockWhereItIsSet) {
  Begin();
  Prepare(Weight(7), "t");
  Commit("t", NowUs() + 60 * kSecondUs);
  test_.workers.wall_clock_skew_us = 50 * kSecondUs;
  for (int i = 0; i < 9'999; ++i) test_.Advance(1);
  EXPECT_EQ(weight(), 5u);
  test_.Advance(1);
  EXPECT_EQ(weight(), 7u);
}

TEST_F(HeldTransactionTest, ATimeThatHasPassedIsNow) {
  Begin();
  Prepare(Weight(7), "t");
  EXPECT_TRUE(Commit("t", NowUs() - 5 * kSecondUs).has_applied());
  EXPECT_EQ(test_.core.commit_lateness().count(), 0) << "nobody could have been in time";
}

TEST_F(HeldTransactionTest, ATimeThatIsTooFarIsRefusedAndTheHoldStays) {
  Begin();
  Prepare(Weight(7), "t");
  EXPECT_THAT(ViolationsOf(Commit("t", NowUs() + 3'601 * kSecondUs)),
              ElementsAre(HasSubstr("INVALID_ARGUMENT at_us: more than an hour ahead of this proxy's clock")));
  EXPECT_TRUE(test_.core.FindPrepared().has_value());
  EXPECT_TRUE(Commit("t").has_applied());
}

TEST_F(HeldTransactionTest, TheFirstTimeStands) {
  Begin();
  Prepare(Weight(7), "t");
  const uint64_t at_us = NowUs() + 10 * kSecondUs;
  Commit("t", at_us);
  EXPECT_THAT(ViolationsOf(Commit("t")),
              ElementsAre(base::StrCat("ALREADY_EXISTS at_us: it is to be committed at ", at_us, " already")));
  commits_.clear();
  Commit("t", at_us);
  test_.Advance(10'000);
  ASSERT_THAT(commits_, SizeIs(2)) << "both who said so";
  EXPECT_EQ(commits_[0].SerializeAsString(), commits_[1].SerializeAsString());
  EXPECT_TRUE(commits_[0].has_applied());
}

TEST_F(HeldTransactionTest, CanBeAbortedUntilItsTime) {
  Begin();
  Prepare(Weight(7), "t");
  Commit("t", NowUs() + 10 * kSecondUs);
  EXPECT_TRUE(Abort("t").has_rejected());
  ASSERT_THAT(commits_, SizeIs(1));
  EXPECT_THAT(ViolationsOf(commits_[0]), ElementsAre("ABORTED : aborted, from there"));
  test_.Advance(20'000);
  EXPECT_EQ(weight(), 5u);
}

TEST_F(HeldTransactionTest, WhoeverLeftIsNotAnsweredAndItIsCommittedAllTheSame) {
  Begin();
  Prepare(Weight(7), "t");
  v1::Commit commit;
  commit.set_transaction_id("t");
  commit.set_at_us(NowUs() + kSecondUs);
  const uint64_t ticket = test_.core.Commit(commit, [](const auto&) { FAIL(); });
  test_.core.ForgetAnswer(ticket);
  test_.Advance(1'000);
  EXPECT_EQ(weight(), 7u);
}

TEST_F(HeldTransactionTest, ATransactionThatChangesNothingIsHeldLikeAnyOther) {
  Begin();
  v1::Transaction back;
  back.set_rollback_to(1);  // where it is
  for (const v1::Transaction& transaction : {SnapshotTransaction(kSmallState), back}) {
    const std::string id = base::StrCat("t", transaction.rollback_to());
    EXPECT_EQ(Prepare(transaction, id).prepared().revision(), 1u);
    EXPECT_TRUE(test_.Do(Weight(8)).has_rejected());
    const v1::Applied applied = Commit(id).applied();
    EXPECT_EQ(applied.revision(), 1u);
    EXPECT_EQ(applied.switched_us(), NowUs());
  }
}

TEST_F(HeldTransactionTest, ItsTrialBeginsWhenItIsCommitted) {
  Begin();
  v1::Transaction trial = Weight(7);
  trial.mutable_confirm_within()->set_seconds(10);
  Prepare(trial, "t");
  test_.Advance(30'000);
  EXPECT_FALSE(test_.core.FindUnconfirmed().has_value());
  Commit("t");
  EXPECT_EQ(test_.core.FindUnconfirmed()->trial_ends_in_ms(), 10'000u);
  // And nothing is prepared during one, not even what would end it.
  EXPECT_THAT(ViolationsOf(Prepare(Weight(8), "t2")), ElementsAre(HasSubstr("UNCONFIRMED : ")));
  v1::Transaction back;
  back.set_rollback_to(1);
  EXPECT_THAT(ViolationsOf(Prepare(back, "t3")), ElementsAre(HasSubstr("UNCONFIRMED : ")));
  test_.Advance(10'000);
  EXPECT_EQ(weight(), 5u);
}

TEST_F(HeldTransactionTest, ChecksAreMadeWhenItIsPrepared) {
  Begin();
  v1::Transaction stale = Weight(7);
  stale.set_base_revision(0);
  EXPECT_THAT(ViolationsOf(Prepare(stale, "t1")), ElementsAre(HasSubstr("STALE_BASE_REVISION ")));
  v1::Transaction dry_run = Weight(7);
  dry_run.set_dry_run(true);
  EXPECT_THAT(ViolationsOf(Prepare(dry_run, "t2")), ElementsAre(HasSubstr("INVALID_ARGUMENT dry_run: ")));
  EXPECT_THAT(ViolationsOf(Prepare(Weight(7), "t3", 3'601)), ElementsAre("INVALID_ARGUMENT hold_for: more than 1 h"));
  v1::Transaction careful = Weight(7);
  careful.add_preconditions()->set_min_eligible_share(1);
  EXPECT_THAT(ViolationsOf(Prepare(careful, "t4")), ElementsAre(HasSubstr("PRECONDITION_FAILED ")));

  // Once: what changes later does not keep it from being committed.
  careful.mutable_preconditions(0)->set_min_eligible_share(0.5);
  careful.set_base_revision(1);
  ASSERT_TRUE(Prepare(careful, "t5").has_prepared());
  test_.Do(SetHealth("w1", "DOWN"));
  EXPECT_TRUE(Commit("t5").has_applied());
}

TEST_F(HeldTransactionTest, ADeposedLeaderCanNeitherPrepareNorCommit) {
  Begin();
  v1::Transaction of_five = Weight(7);
  of_five.set_leader_epoch(5);
  ASSERT_TRUE(Prepare(of_five, "t").has_prepared());
  // The next leader is kept out, and yet known from now on.
  v1::Transaction of_six = Weight(8);
  of_six.set_leader_epoch(6);
  EXPECT_THAT(ViolationsOf(test_.Do(of_six)), ElementsAre(HasSubstr("PREPARED ")));
  const std::string stale = "STALE_LEADER_EPOCH leader_epoch: 5 is below 6, the highest seen";
  EXPECT_THAT(ViolationsOf(Commit("t", 0, 5)), ElementsAre(stale));
  EXPECT_THAT(ViolationsOf(Abort("t", 5)), ElementsAre(stale));
  EXPECT_TRUE(test_.core.FindPrepared().has_value());
  EXPECT_TRUE(Abort("t", 6).has_rejected());
  of_five.set_id("t2");
  EXPECT_THAT(ViolationsOf(Prepare(of_five, "t2")), ElementsAre(stale));
}

TEST_F(HeldTransactionTest, ReportsThatCameMeanwhileAreNotLost) {
  Begin();
  v1::Transaction transaction = Weight(7);
  transaction.MergeFrom(ParseTransaction(R"(operations { remove_server { backend: "web" server: "w2" } })"));
  Prepare(transaction, "t");
  ASSERT_TRUE(test_.Report("web", "w1", Health::kDown).ok());
  ASSERT_TRUE(test_.Report("web", "w2", Health::kUp).ok());
  ASSERT_TRUE(test_.Report("api", "a1", Health::kDown).ok());
  test_.Advance(10);
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
  ASSERT_TRUE(test_.Report("api", "a1", Health::kUp).ok());  // not published yet
  Commit("t");
  EXPECT_EQ(weight(), 7u);
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
  EXPECT_EQ(test_.PublishedHealth("api", "a1"), Health::kUp);
  EXPECT_EQ(FindServer("web", "w2"), nullptr);
}

TEST_F(HeldTransactionTest, WordsThatCameMeanwhileHaveTheLastWord) {
  Begin();
  // A snapshot that says: w2 is UP, and nothing of w1.
  v1::Transaction snapshot = SnapshotTransaction(kSmallState);
  snapshot.mutable_snapshot()->mutable_health(0)->set_status(v1::Health::UP);
  snapshot.mutable_snapshot()->mutable_backends(0)->mutable_servers(0)->set_weight(7);
  Prepare(snapshot, "t");
  test_.Do(SetHealth("w1", "DOWN"));
  test_.Do(SetHealth("w2", "DEGRADED"));
  const v1::Applied applied = Commit("t").applied();
  EXPECT_EQ(applied.fingerprint(), test_.core.fingerprint());
  EXPECT_EQ(weight(), 7u);
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
  EXPECT_EQ(test_.PublishedHealth("web", "w2"), Health::kDegraded);

  Prepare(SetHealth("w1", "UP"), "t2");
  test_.Do(SetHealth("w1", "UNKNOWN"));
  EXPECT_TRUE(Commit("t2").has_applied());
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kUnknown);
}

TEST_F(HeldWithSlowWorkers, NothingIsBegunJustBeforeItsTime) {
  Begin();
  test_.workers.AdoptNow();
  Prepare(Weight(7), "t");
  Commit("t", NowUs() + kSecondUs);
  test_.Advance(999);
  test_.Submit(SetHealth("w1", "DOWN"));
  EXPECT_FALSE(test_.workers.adopting());
  test_.Advance(1);
  EXPECT_EQ(weight(), 7u);
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kUnknown);
  test_.workers.AdoptNow();
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kDown);
}

TEST_F(HeldWithSlowWorkers, TellsHowLateItWas) {
  Begin();
  test_.workers.AdoptNow();
  Prepare(Weight(7), "t");
  Commit("t", NowUs() + kSecondUs);
  test_.Advance(900);
  test_.Submit(SetHealth("w1", "DOWN"));  // which the workers take their time for
  test_.Advance(120);
  test_.workers.AdoptNow();
  EXPECT_EQ(weight(), 7u);
  test_.Advance(5);
  test_.workers.AdoptNow();
  EXPECT_EQ(test_.core.commit_lateness().count(), 25'000);
}

TEST_F(HeldTransactionTest, AWordThatChangedNothingMeanwhileStandsToo) {
  Begin();
  v1::Transaction transaction = SetHealth("w1", "UP");
  transaction.MergeFrom(SetHealth("w2", "UP"));
  Prepare(transaction, "t");
  test_.Do(SetHealth("w1", "UNKNOWN"));  // as it is
  const uint64_t revision = test_.core.revision();
  test_.Do(ParseTransaction(
      R"(operations { set_health { backend: "web" server: "w2" status: DOWN reason: "refused" } })"));  // as it is
  EXPECT_EQ(test_.core.revision(), revision);
  Commit("t");
  EXPECT_EQ(test_.PublishedHealth("web", "w1"), Health::kUnknown);
  EXPECT_EQ(test_.PublishedHealth("web", "w2"), Health::kDown);
}

class HeldTransactionModel : public testing::TestWithParam<unsigned> {};

// What is committed is what it was prepared as, and then what was said of health meanwhile.
TEST_P(HeldTransactionModel, AgreesAfterEveryCommit) {
  RandomTransactions generate(GetParam());
  TestCore test;
  NaiveModel model;
  const ReportFilter everything((v1::StateFilter()));
  const auto answer_into = [](v1::FromProxy& answer) {
    return [&answer](std::shared_ptr<const v1::FromProxy> message) { answer = *message; };
  };
  int committed = 0;
  for (int step = 0; step < 500; ++step) {
    SCOPED_TRACE(base::StrCat("step ", step));
    v1::Prepare prepare;
    *prepare.mutable_transaction() = generate.Next(model);
    prepare.mutable_transaction()->set_id(base::StrCat("t", step));
    const std::optional<NaiveModel> next = model.After(prepare.transaction());
    v1::FromProxy answer;
    test.core.Prepare(prepare, answer_into(answer));
    ASSERT_EQ(answer.has_prepared(), next.has_value()) << prepare.DebugString() << answer.DebugString();
    if (!next.has_value()) continue;

    NaiveModel expected = *next;
    for (int words = generate.Below(4); words > 0; --words) {
      v1::Transaction word;
      *word.add_operations()->mutable_set_health() = generate.Health();
      const std::optional<NaiveModel> now = model.After(word);
      ASSERT_EQ(test.Do(word).has_applied(), now.has_value());
      if (!now.has_value()) continue;
      model = *now;
      expected = expected.After(word).value_or(expected);
    }
    if (generate.Below(2) == 0) {
      test.Report(generate.BackendId(), generate.ServerId(), static_cast<Health>(generate.Below(4))).IgnoreError();
      test.Advance(generate.Below(10));
    }
    if (generate.Below(4) == 0) {
      v1::Abort abort;
      abort.set_transaction_id(prepare.transaction().id());
      test.core.Abort(abort, answer_into(answer));
      expected = model;
    } else {
      v1::Commit commit;
      commit.set_transaction_id(prepare.transaction().id());
      test.core.Commit(commit, answer_into(answer));
      ASSERT_TRUE(answer.has_applied()) << answer.DebugString();
      EXPECT_EQ(answer.applied().fingerprint(), test.core.fingerprint());
      ++committed;
    }
    model = expected;
    const v1::StateReport report = test.core.reporter().ReportAll(everything);
    ASSERT_EQ(NaiveModel::Of(report.config()).Resources(), model.Resources());
    ASSERT_EQ(test.core.fingerprint(), api::OfSnapshot(report.config()).ToHex());
    // What workers go by is what was decided.
    test.Advance(10);
    test.core.snapshot()->backends.ForEach([&](size_t, const auto& backend) {
      if (backend == nullptr) return;
      backend->servers.ForEach([&](size_t, const auto& server) {
        if (server == nullptr) return;
        EXPECT_EQ(server->health, test.core.health().Find(backend->settings->id, server->id)->health);
      });
    });
    if (HasFailure()) return;
  }
  EXPECT_GT(committed, 30);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HeldTransactionModel, testing::Range(0u, 8u));

}  // namespace
}  // namespace fairlead::control
