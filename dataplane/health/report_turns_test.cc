#include "dataplane/health/report_turns.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/event/loop_test_support.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using testing::Each;
using testing::ElementsAre;

class ReportTurnsTest : public event::testing::LoopTest {
 protected:
  // Somebody with so many reports; each share that is taken of them is noted.
  class Source final : public ReportSource {
   public:
    Source(ReportTurnsTest* test, std::string name, int reports) : test_(test), name_(std::move(name)), left_(reports) {
      test_->turns_->Add(this);
    }
    int TakeReports(int most) override {
      const int taken = std::min(most, left_);
      left_ -= taken;
      test_->shares_.push_back(name_ + " " + std::to_string(taken));
      test_->taken_in_turn_ += taken;
      if (left_ > 0) test_->turns_->Add(this);
      return taken;
    }
    int left() const { return left_; }

   private:
    ReportTurnsTest* const test_;
    const std::string name_;
    int left_;
  };

  void Turn() {
    shares_.clear();
    taken_in_turn_ = 0;
    loop_->RunOnce(/*wait=*/false);
  }

  std::optional<ReportTurns> turns_{&loop_->mailbox()};
  std::vector<std::string> shares_;
  int taken_in_turn_ = 0;
};

TEST_P(ReportTurnsTest, TenThousandReportsLeaveOthersTheirTurns) {
  Source flood(this, "flood", 10'000);
  int turns = 0;
  int posted = 0;
  int expired = 0;
  struct Clock {
    event::Loop* loop;
    int* expired;
    event::Timer timer{[](void* clock) { static_cast<Clock*>(clock)->Expire(); }, this};
    void Expire() {
      ++*expired;
      loop->timers().Schedule(&timer, 1);
    }
  } clock{loop_.get(), &expired};
  clock.Expire();
  std::vector<int> taken;
  while (flood.left() > 0) {
    // What others want of the thread, in each turn: a function, and a timer that is due.
    loop_->mailbox().Post([&] { ++posted; });
    loop_->timers().SetNow(loop_->now_ms() + 1);
    Turn();
    ++turns;
    taken.push_back(taken_in_turn_);
    ASSERT_EQ(posted, turns);
    ASSERT_GE(expired, turns);
  }
  EXPECT_EQ(turns, 10'000 / ReportTurns::kReportsATurn);
  EXPECT_THAT(taken, Each(ReportTurns::kReportsATurn));
}

TEST_P(ReportTurnsTest, NothingIsTakenBeforeTheNextTurn) {
  Source one(this, "one", 10);
  EXPECT_EQ(one.left(), 10);
  Turn();
  EXPECT_EQ(one.left(), 0);
  Turn();
  EXPECT_THAT(shares_, ElementsAre());
}

TEST_P(ReportTurnsTest, SharesGoRoundSoThatAFewReportsPassByAFlood) {
  Source flood(this, "flood", 10'000);
  Source other(this, "other", 1'000);
  Turn();
  EXPECT_THAT(shares_, ElementsAre("flood 50", "other 50", "flood 50", "other 50", "flood 50"));
  Source calm(this, "calm", 3);
  Turn();
  EXPECT_THAT(shares_, ElementsAre("other 50", "flood 50", "calm 3", "other 50", "flood 50", "other 47"));
}

TEST_P(ReportTurnsTest, ThoseWithNothingToTakeCostOfTheTurnToo) {
  std::vector<std::unique_ptr<Source>> empty;
  for (int i = 0; i < 1'000; ++i) empty.push_back(std::make_unique<Source>(this, "empty", 0));
  Turn();
  EXPECT_EQ(shares_.size(), static_cast<size_t>(ReportTurns::kReportsATurn));
  for (const auto& source : empty) turns_->Remove(source.get());
}

TEST_P(ReportTurnsTest, OneThatIsGoneIsNotAskedAnyMore) {
  Source gone(this, "gone", 10'000);
  Source other(this, "other", 10);
  Turn();
  turns_->Remove(&gone);
  Turn();
  EXPECT_THAT(shares_, ElementsAre());
  turns_->Remove(&gone);
  turns_->Add(&gone);
  turns_->Add(&gone);
  Turn();
  EXPECT_EQ(taken_in_turn_, ReportTurns::kReportsATurn);
  turns_->Remove(&gone);
  Turn();
  EXPECT_EQ(taken_in_turn_, 0);
}

TEST_P(ReportTurnsTest, ATurnThatComesAfterItsEndDoesNothing) {
  Source source(this, "source", 10);
  turns_.reset();
  Turn();
  EXPECT_EQ(source.left(), 10);
}

INSTANTIATE_FOR_ALL_BACKENDS(ReportTurnsTest);

}  // namespace
}  // namespace fairlead::health
