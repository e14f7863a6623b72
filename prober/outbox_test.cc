#include "prober/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairlead::prober {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class OutboxTest : public ::testing::Test {
 protected:
  void Put(const std::string& server, v1::Health::Status status, milliseconds ttl = seconds(10)) {
    auto vote = std::make_shared<Vote>();
    vote->backend = "web";
    vote->server = server;
    vote->status = status;
    vote->ttl = ttl;
    vote->made_at = now_;
    outbox_.Put(std::move(vote));
  }
  // What the proxy would be told: "w1 UP 10000" each, with the ttl in milliseconds.
  std::vector<std::string> Take(size_t most = 100) {
    std::vector<std::string> told;
    const v1::HealthReportBatch batch = outbox_.Take(most, now_, sequence_);
    for (const v1::HealthReport& report : batch.reports()) {
      told.push_back(report.server() + " " + v1::Health::Status_Name(report.status()) + " " +
                     std::to_string(report.ttl().seconds() * 1'000 + report.ttl().nanos() / 1'000'000));
      EXPECT_GT(report.sequence(), last_sequence_);
      last_sequence_ = report.sequence();
    }
    return told;
  }
  static auto Are(std::vector<std::string> reports) { return ::testing::ElementsAreArray(reports); }

  Outbox outbox_;
  Outbox::Time now_ = Outbox::Time() + seconds(1'000);
  uint64_t sequence_ = 0;
  uint64_t last_sequence_ = 0;
};

TEST_F(OutboxTest, TellsEachVoteOnce) {
  Put("w1", v1::Health::UP);
  Put("w2", v1::Health::DOWN);
  EXPECT_FALSE(outbox_.empty());
  EXPECT_THAT(Take(), Are({"w1 UP 10000", "w2 DOWN 10000"}));
  EXPECT_TRUE(outbox_.empty());
  EXPECT_THAT(Take(), Are({}));
}

TEST_F(OutboxTest, KeepsTheLastVoteOfAServerAlone) {
  Put("w1", v1::Health::UP);
  Put("w2", v1::Health::UP);
  for (int i = 0; i < 100; ++i) Put("w1", v1::Health::DOWN);
  EXPECT_THAT(Take(), Are({"w1 DOWN 10000", "w2 UP 10000"}));
  EXPECT_EQ(outbox_.size(), 2u);
}

TEST_F(OutboxTest, TakesNoMoreThanAskedForInTheOrderOfTheirComing) {
  for (int i = 0; i < 5; ++i) Put("w" + std::to_string(i), v1::Health::UP);
  EXPECT_THAT(Take(2), Are({"w0 UP 10000", "w1 UP 10000"}));
  EXPECT_THAT(Take(2), Are({"w2 UP 10000", "w3 UP 10000"}));
  EXPECT_THAT(Take(2), Are({"w4 UP 10000"}));
}

TEST_F(OutboxTest, TellsAllOfItAgainOnTheNextStreamWithWhatIsLeftOfItsLife) {
  Put("w1", v1::Health::UP);
  Take();
  now_ += seconds(3);
  outbox_.Begin();
  EXPECT_THAT(Take(), Are({"w1 UP 7000"}));
}

TEST_F(OutboxTest, ForgetsVotesWhoseLifeIsOver) {
  Put("w1", v1::Health::UP, seconds(2));
  Put("w2", v1::Health::UP, seconds(20));
  Take();
  now_ += seconds(2);
  outbox_.Begin();
  EXPECT_THAT(Take(), Are({"w2 UP 18000"}));
  EXPECT_EQ(outbox_.size(), 1u);
}

TEST_F(OutboxTest, WithdrawsUntilTheProxyKnows) {
  Put("w1", v1::Health::UP);
  Take();
  outbox_.OnAnswered();
  Put("w1", v1::Health::UNKNOWN);
  EXPECT_THAT(Take(), Are({"w1 UNKNOWN 0"}));
  // The stream ended before the answer.
  outbox_.Begin();
  EXPECT_THAT(Take(), Are({"w1 UNKNOWN 0"}));
  outbox_.OnAnswered();
  outbox_.Begin();
  EXPECT_THAT(Take(), Are({}));
  EXPECT_EQ(outbox_.size(), 0u);
}

TEST_F(OutboxTest, ANewVoteWinsOverAnUnansweredWithdrawal) {
  Put("w1", v1::Health::UNKNOWN);
  Take();
  Put("w1", v1::Health::DOWN);
  outbox_.Begin();
  EXPECT_THAT(Take(), Are({"w1 DOWN 10000"}));
}

}  // namespace
}  // namespace fairlead::prober
