#include "prober/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/yaml/yaml.h"
#include "prober/hash.h"

namespace fairlead::prober {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A check that ends when the test, or a server's fate, says so.
class FakeAttempt final : public Attempt {
 public:
  FakeAttempt(event::Loop* loop, int* running, OnOutcome on_outcome)
      : Attempt(loop, std::move(on_outcome)), running_(running) {
    ++*running_;
  }
  ~FakeAttempt() override { --*running_; }
  void End(bool success) { Finish(success, success ? "fine" : "broken"); }
  std::string_view stage() const override { return "answer"; }

 private:
  int* const running_;
};

// Time is simulated: the loop makes no turn, the test advances its timers.
class CheckerTest : public ::testing::Test {
 protected:
  enum class Fate { kUp, kDown, kSilent };
  struct Begun {
    std::string server;
    uint64_t at_ms;
  };

  CheckerTest() : loop_(*event::Loop::Create(event::IoBackend::kEpoll)) { Make({}); }

  void Make(Checker::Limits limits) {
    checker_ = std::make_unique<Checker>(
        loop_.get(), limits,
        [this](const Target& target, const std::shared_ptr<const CheckSettings>&, Attempt::OnOutcome on_outcome) {
          begun_.push_back({target.server, now()});
          auto attempt = std::make_unique<FakeAttempt>(loop_.get(), &running_, std::move(on_outcome));
          const Fate fate = fates_.contains(target.server) ? fates_[target.server] : fate_;
          if (fate != Fate::kSilent) attempt->End(fate == Fate::kUp);
          most_running_ = std::max(most_running_, running_);
          return attempt;
        },
        [this](const std::shared_ptr<const Vote>& vote) {
          votes_.push_back(vote->server + " " + v1::Health::Status_Name(vote->status) +
                           (vote->reason.empty() ? "" : " " + vote->reason));
          voted_at_[vote->server] = now();
        },
        /*seed=*/1);
  }

  uint64_t now() const { return loop_->timers().now_ms() - start_; }
  // Time passes, a millisecond at a time.
  void Pass(uint64_t ms) {
    for (uint64_t i = 0; i < ms; ++i) loop_->timers().Advance(loop_->timers().now_ms() + 1);
  }
  static std::vector<Target> Servers(int count) {
    std::vector<Target> targets;
    for (int i = 1; i <= count; ++i)
      targets.push_back({"web", "w" + std::to_string(i), *net::Address::Parse("127.0.0.1:1")});
    return targets;
  }
  void SetPlan(const std::string& check) {
    v1::ProberConfig config;
    ASSERT_TRUE(api::ParseYaml(check, {}, config.mutable_defaults()).ok());
    checker_->SetPlan(*CheckPlan::Compile(config));
  }
  std::vector<uint64_t> BeginsOf(const std::string& server) const {
    std::vector<uint64_t> times;
    for (const Begun& begun : begun_) {
      if (begun.server == server) times.push_back(begun.at_ms);
    }
    return times;
  }
  std::vector<std::string> TakeVotes() { return std::exchange(votes_, {}); }
  // Another prober takes what this one has, or all.
  static Shares Nothing() { return Shares({"a"}, {{"b"}, {"c"}, {"d"}}, 0); }

  std::unique_ptr<event::Loop> loop_;
  const uint64_t start_ = loop_->timers().now_ms();
  int running_ = 0;
  int most_running_ = 0;
  Fate fate_ = Fate::kUp;
  std::map<std::string, Fate> fates_;
  std::vector<Begun> begun_;
  std::vector<std::string> votes_;
  std::map<std::string, uint64_t> voted_at_;
  std::unique_ptr<Checker> checker_;  // its attempts count in running_
};

TEST_F(CheckerTest, ChecksNothingBeforeItKnowsItsShare) {
  checker_->SetTargets(Servers(10));
  Pass(20'000);
  EXPECT_THAT(begun_, IsEmpty());
  checker_->SetShares({});
  Pass(2'501);
  EXPECT_EQ(begun_.size(), 10u);
}

TEST_F(CheckerTest, FirstChecksAreSpreadOverHalfAnInterval) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(1'000));
  Pass(2'501);
  ASSERT_EQ(begun_.size(), 1'000u);
  // Of any 100 ms, the 25th part, about 40 begin.
  std::map<uint64_t, int> begun_in;
  for (const Begun& begun : begun_) ++begun_in[begun.at_ms / 100];
  for (uint64_t part = 0; part < 25; ++part) {
    EXPECT_GT(begun_in[part], 10) << part;
    EXPECT_LT(begun_in[part], 80) << part;
  }
}

TEST_F(CheckerTest, EachServerIsCheckedAfterAnIntervalGiveOrTakeATenth) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(3));
  Pass(100'000);
  const std::vector<uint64_t> begins = BeginsOf("w1");
  ASSERT_GE(begins.size(), 18u);
  uint64_t shortest = UINT64_MAX, longest = 0;
  for (size_t i = 1; i < begins.size(); ++i) {
    shortest = std::min(shortest, begins[i] - begins[i - 1]);
    longest = std::max(longest, begins[i] - begins[i - 1]);
  }
  EXPECT_GE(shortest, 4'500u);
  EXPECT_LE(longest, 5'502u);
  EXPECT_GT(longest - shortest, 300u) << "not in step";
}

TEST_F(CheckerTest, EveryCheckRenewsTheVote) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(1));
  Pass(30'000);
  EXPECT_GE(votes_.size(), 5u);
  EXPECT_THAT(votes_, Each("w1 UP fine"));
}

TEST_F(CheckerTest, IsDownAfterItsFailuresInARowAtTheRetryIntervalAndSaysNothingBefore) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(1));
  Pass(4'000);
  TakeVotes();
  fate_ = Fate::kDown;
  const uint64_t failed_at = now();
  while (votes_.empty() || votes_.back() != "w1 DOWN broken") Pass(1);
  EXPECT_THAT(TakeVotes(), ElementsAre("w1 DOWN broken"));
  EXPECT_LE(now() - failed_at, 5'500u + 2 * 1'100 + 10) << "docs/PROBER.md: 1.1 I + (fall - 1) 1.1 R + fall T";
  fate_ = Fate::kUp;
  const uint64_t healed_at = now();
  while (votes_.empty() || votes_.back() != "w1 UP fine") Pass(1);
  EXPECT_THAT(TakeVotes(), ElementsAre("w1 UP fine"));
  EXPECT_LE(now() - healed_at, 5'500u + 1'100 + 10);
}

TEST_F(CheckerTest, SaysNothingOfAServerThatMayBeDownFromTheBeginning) {
  fate_ = Fate::kDown;
  checker_->SetShares({});
  checker_->SetTargets(Servers(1));
  while (begun_.size() < 2) Pass(1);
  EXPECT_THAT(votes_, IsEmpty());
  Pass(1'200);
  EXPECT_THAT(votes_, ElementsAre("w1 DOWN broken"));
}

TEST_F(CheckerTest, ASilentServerFailsByTimeout) {
  fate_ = Fate::kSilent;
  SetPlan("{interval: 2s, timeout: 500ms, fall: 1}");
  checker_->SetShares({});
  checker_->SetTargets(Servers(1));
  while (votes_.empty()) Pass(1);
  EXPECT_THAT(votes_, ElementsAre("w1 DOWN timeout after 500ms (answer)"));
  EXPECT_EQ(now() - begun_.back().at_ms, 500u);
  EXPECT_EQ(running_, 0);
  EXPECT_EQ(checker_->counters().timed_out, 1u);
}

TEST_F(CheckerTest, NoMoreRunAtATimeThanItsLimitAndNobodyIsForgotten) {
  Make({.checks = 7, .commands = 7});
  fate_ = Fate::kSilent;
  SetPlan("{interval: 2s, timeout: 100ms}");
  checker_->SetShares({});
  checker_->SetTargets(Servers(50));
  Pass(2'000);
  EXPECT_EQ(most_running_, 7);
  for (int i = 1; i <= 50; ++i) EXPECT_FALSE(BeginsOf("w" + std::to_string(i)).empty()) << i;
  EXPECT_GT(checker_->counters().delayed, 0u);
}

TEST_F(CheckerTest, CommandsHaveALimitOfTheirOwn) {
  Make({.checks = 100, .commands = 3});
  fate_ = Fate::kSilent;
  v1::ProberConfig config;
  ASSERT_TRUE(api::ParseYaml("backends: [{id: jobs, check: {command: {argv: [x]}}}]", {}, &config).ok());
  checker_->SetPlan(*CheckPlan::Compile(config));
  std::vector<Target> targets = Servers(10);
  for (int i = 0; i < 10; ++i) targets.push_back({"jobs", "j" + std::to_string(i), targets[0].address});
  checker_->SetShares({});
  checker_->SetTargets(targets);
  Pass(500);
  EXPECT_LE(std::ranges::count_if(begun_, [](const Begun& begun) { return begun.server[0] == 'j'; }), 3);
  Pass(5'000);
  for (int i = 1; i <= 10; ++i) EXPECT_FALSE(BeginsOf("w" + std::to_string(i)).empty()) << "held up by commands";
}

TEST_F(CheckerTest, AServerThatLeavesTheShareIsWithdrawnWhenTheNextOwnerMustHaveDecided) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(1));
  Pass(3'000);
  TakeVotes();
  checker_->SetShares(Nothing());
  // 1.1 · 5 s + 2 · 1.1 · 1 s + 3 · 1 s.
  Pass(10'699);
  EXPECT_THAT(votes_, IsEmpty());
  Pass(1);
  EXPECT_THAT(TakeVotes(), ElementsAre("w1 UNKNOWN"));
  Pass(20'000);
  EXPECT_THAT(votes_, IsEmpty());
}

TEST_F(CheckerTest, AShareThatComesIsCheckedWithinHalfAnInterval) {
  checker_->SetShares(Nothing());
  checker_->SetTargets(Servers(200));
  Pass(1'000);
  EXPECT_THAT(begun_, IsEmpty());
  checker_->SetShares({});
  Pass(2'501);
  EXPECT_EQ(begun_.size(), 200u);
}

TEST_F(CheckerTest, AShareThatComesBackAtOnceWasNeverGone) {
  fate_ = Fate::kDown;
  checker_->SetShares({});
  checker_->SetTargets(Servers(1));
  Pass(6'000);
  ASSERT_EQ(votes_.back(), "w1 DOWN broken");
  TakeVotes();
  checker_->SetShares(Nothing());
  Pass(1'000);
  checker_->SetShares({});
  Pass(2'501);
  EXPECT_THAT(TakeVotes(), ElementsAre("w1 DOWN broken")) << "no rise from nothing, no withdrawal";
}

TEST_F(CheckerTest, ARemovedServerIsWithdrawnAndItsCheckEnds) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(2));
  Pass(3'000);
  fate_ = Fate::kSilent;
  while (running_ == 0) Pass(1);
  TakeVotes();
  checker_->SetTargets({});
  EXPECT_EQ(running_, 0);
  EXPECT_THAT(votes_, ::testing::UnorderedElementsAre("w1 UNKNOWN", "w2 UNKNOWN"));
  EXPECT_EQ(checker_->TakeCensus().servers, 0u);
}

TEST_F(CheckerTest, AnotherAddressIsAnotherServer) {
  fate_ = Fate::kDown;
  checker_->SetShares({});
  std::vector<Target> targets = Servers(1);
  checker_->SetTargets(targets);
  Pass(6'000);
  ASSERT_EQ(TakeVotes().back(), "w1 DOWN broken");
  fate_ = Fate::kUp;
  targets[0].address = *net::Address::Parse("127.0.0.1:2");
  checker_->SetTargets(targets);
  Pass(2'501);
  EXPECT_THAT(TakeVotes(), ElementsAre("w1 UP fine")) << "by its first check";
}

// What can't be reached by a prober that reaches nobody is its own fault.
TEST_F(CheckerTest, InDoubtOfItselfItHoldsNothingAgainstServers) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(2));
  fates_ = {{"w2", Fate::kDown}};
  Pass(20'000);
  const uint64_t cut_off_at = loop_->timers().now_ms();
  fate_ = Fate::kDown;
  while (std::ranges::find(votes_, "w1 DOWN broken") == votes_.end()) Pass(1);
  TakeVotes();
  checker_->BeginDoubt(cut_off_at);
  EXPECT_THAT(TakeVotes(), ElementsAre("w1 UNKNOWN")) << "of w2 it knew before";
  Pass(60'000);
  EXPECT_THAT(TakeVotes(), IsEmpty());
  fates_["w2"] = Fate::kUp;
  Pass(12'000);
  EXPECT_THAT(TakeVotes(), Contains("w2 UP fine")) << "what it does reach it may believe";
  checker_->EndDoubt();
  const size_t begun = begun_.size();
  Pass(2'501);
  EXPECT_GE(begun_.size(), begun + 2) << "all of it is looked at, within half an interval";
  Pass(5'000);
  EXPECT_THAT(votes_, Contains("w1 DOWN broken"));
}

TEST_F(CheckerTest, TheSameTargetsAgainDisturbNobody) {
  checker_->SetShares({});
  checker_->SetTargets(Servers(5));
  Pass(1'000);
  const uint64_t before = checker_->counters().succeeded;
  for (int i = 0; i < 100; ++i) {
    checker_->SetTargets(Servers(5));
    checker_->SetShares({});
    Pass(100);
  }
  EXPECT_NEAR(static_cast<double>(checker_->counters().succeeded - before), 5 * 10'000 / 5'000, 6);
}

}  // namespace
}  // namespace fairlead::prober
