#include "controlplane-mock/scenario_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "api/yaml/yaml.h"
#include "controlplane-mock/fake_proxy.h"
#include "controlplane-mock/recorded_stream.h"
#include "controlplane-mock/scenario_file.h"
#include "controlplane-mock/test_snapshots.h"

namespace fairlead::controlplane_mock {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

Scenario Parse(const std::string& yaml) {
  Scenario scenario;
  const absl::Status parsed = api::ParseYaml(yaml, {}, &scenario);
  EXPECT_TRUE(parsed.ok()) << std::string(parsed.message());
  return scenario;
}

// A controller of SnapshotOfWeight(1) with the proxies edge-1 and edge-2, which connect when told to.
class ScenarioRunnerTest : public testing::Test {
 protected:
  struct Connected {
    explicit Connected(const std::string& node_id) : proxy(node_id) {}
    FakeProxy proxy;
    RecordedStream stream;
  };

  void Play(const std::string& yaml) {
    const Scenario scenario = Parse(yaml);
    const absl::Status checked = CheckScenario(scenario);
    ASSERT_TRUE(checked.ok()) << std::string(checked.message());
    runner_ = std::make_unique<ScenarioRunner>(scenario, testing::TempDir(), &controller_,
                                               [this](const std::string& line) { lines_.push_back(line); });
    controller_.SetDesired(SnapshotOfWeight(1), now_);
  }
  void Connect(Connected& proxy) {
    controller_.OnOpened(&proxy.stream, now_);
    controller_.OnMessage(&proxy.stream, proxy.proxy.Hello(), now_);
    DeliverAll(proxy);
  }
  void Disconnect(Connected& proxy) {
    controller_.OnClosed(&proxy.stream, absl::OkStatus());
    proxy.stream = RecordedStream();
  }
  void DeliverAll(Connected& proxy) {
    for (auto messages = proxy.stream.Take(); !messages.empty(); messages = proxy.stream.Take()) {
      for (const v1::ToProxy& message : messages) {
        for (const v1::FromProxy& answer : proxy.proxy.Answer(message)) {
          controller_.OnMessage(&proxy.stream, answer, now_);
        }
      }
    }
  }
  // Steps and their answers, until nothing more happens at this time.
  void RunAt(milliseconds time) {
    now_ = TimePoint{} + time;
    for (size_t before = 0; before != lines_.size() || before == 0;) {
      before = lines_.size();
      runner_->OnTime(now_);
      DeliverAll(one_);
      DeliverAll(two_);
      runner_->OnTime(now_);
      if (lines_.empty()) return;
    }
  }
  const v1::Server& ServerOf(const Connected& proxy, int index = 0) const {
    return proxy.proxy.state().backends(0).servers(index);
  }

  TimePoint now_{};
  std::vector<std::string> lines_;
  std::unique_ptr<ScenarioRunner> runner_;
  Controller controller_{{}, TransactionIds("test"), [this](const ProxyEvent& event) { runner_->OnEvent(event); }};
  Connected one_{"edge-1"};
  Connected two_{"edge-2"};
};

TEST_F(ScenarioRunnerTest, ChangesWhatEveryProxyShouldServe) {
  Play(R"(
wait_for_proxies: 2
steps:
  - weight: {backend: web, server: w1, weight: 7}
  - admin_state: {backend: web, server: w1, admin_state: DRAIN}
  - add_server: {backend: web, server: {id: w2, address: "127.0.0.1:9002"}}
  - health: {backend: web, server: w2, status: DOWN, reason: timeout}
)");
  Connect(one_);
  Connect(two_);

  RunAt(seconds(0));

  for (const Connected* proxy : {&one_, &two_}) {
    EXPECT_EQ(ServerOf(*proxy).weight(), 7);
    EXPECT_EQ(ServerOf(*proxy).admin_state(), v1::Server::DRAIN);
    EXPECT_EQ(ServerOf(*proxy).address(), "127.0.0.1:9001") << "the rest of it stays";
    EXPECT_EQ(ServerOf(*proxy, 1).id(), "w2");
    EXPECT_EQ(proxy->proxy.state().health(0).reason(), "timeout");
  }
  EXPECT_EQ(lines_.back(), "scenario: 4 steps passed, 0 failed");
  EXPECT_TRUE(runner_->finished());
  EXPECT_EQ(runner_->failed(), 0);
}

TEST_F(ScenarioRunnerTest, RemovesAServerAndDoesOperationsTogether) {
  Play(R"(
steps:
  - operations: [{upsert_server: {backend: api, server: {id: a1, address: "127.0.0.1:1"}}}, {upsert_backend: {id: api}}]
  - remove_server: {backend: web, server: w1}
)");
  Connect(one_);

  RunAt(seconds(0));

  ASSERT_THAT(one_.proxy.state().backends(), SizeIs(2));
  EXPECT_THAT(one_.proxy.state().backends(0).servers(), IsEmpty());
}

TEST_F(ScenarioRunnerTest, AppliesAFileBesideItself) {
  std::ofstream(testing::TempDir() + "next.yaml") << "backends: [{id: other}]";
  Play("steps: [{apply: next.yaml}]");
  Connect(one_);

  RunAt(seconds(0));

  EXPECT_EQ(one_.proxy.state().backends(0).id(), "other");
  std::filesystem::remove(testing::TempDir() + "next.yaml");
}

TEST_F(ScenarioRunnerTest, AStepFailsThatNamesWhatIsNotThereAndTheNextOnesGoOn) {
  Play(R"(
steps:
  - weight: {backend: web, server: w9, weight: 7}
  - add_server: {backend: web, server: {id: w1}}
  - remove_server: {backend: web, server: w9}
  - apply: nowhere.yaml
  - {proxy: edge-9, transaction: {}}
  - {name: the last one, weight: {backend: web, server: w1, weight: 3}}
)");
  Connect(one_);

  RunAt(seconds(0));

  EXPECT_EQ(lines_.back(), "scenario: 1 steps passed, 5 failed");
  EXPECT_EQ(lines_[0],
            "scenario: step 1 failed: {weight: {backend: web, server: w9, weight: 7}}: no server \"web/w9\"");
  EXPECT_THAT(lines_[1], HasSubstr("is there"));
  EXPECT_THAT(lines_[2], HasSubstr("no server \"w9\""));
  EXPECT_THAT(lines_[3], HasSubstr("nowhere.yaml"));
  EXPECT_THAT(lines_[4], HasSubstr("no such proxy"));
  EXPECT_EQ(lines_[5], "scenario: step 6 passed: the last one");
  EXPECT_EQ(runner_->failed(), 5);
}

TEST_F(ScenarioRunnerTest, StartsWhenEnoughProxiesAreThereAndCountsTimeFromThen) {
  Play(R"(
wait_for_proxies: 2
steps: [{at: 2s, weight: {backend: web, server: w1, weight: 7}}]
)");
  Connect(one_);
  RunAt(seconds(10));
  EXPECT_EQ(runner_->NextDeadline(), TimePoint::max());
  Connect(two_);
  RunAt(seconds(10));
  EXPECT_EQ(runner_->NextDeadline(), TimePoint{} + seconds(12));
  RunAt(milliseconds(11999));
  EXPECT_THAT(lines_, IsEmpty());

  RunAt(seconds(12));

  EXPECT_TRUE(runner_->finished());
}

TEST_F(ScenarioRunnerTest, WaitsForWhatItExpectsOfEveryProxy) {
  Play(R"(
wait_for_proxies: 2
steps:
  - weight: {backend: web, server: w1, weight: 7}
  - expect: {event: APPLIED, revision: 2}
)");
  Connect(one_);
  Connect(two_);
  runner_->OnTime(now_);
  DeliverAll(one_);
  runner_->OnTime(now_);
  EXPECT_THAT(lines_, SizeIs(1)) << "edge-2 has not answered";

  DeliverAll(two_);
  runner_->OnTime(now_);

  EXPECT_EQ(lines_.back(), "scenario: 2 steps passed, 0 failed");
}

TEST_F(ScenarioRunnerTest, AnExpectationOfOneProxyDoesNotMindTheOthers) {
  Play(R"(
wait_for_proxies: 2
steps:
  - weight: {backend: web, server: w1, weight: 7}
  - {proxy: edge-1, expect: {event: APPLIED}}
)");
  Connect(one_);
  Connect(two_);
  runner_->OnTime(now_);

  DeliverAll(one_);
  runner_->OnTime(now_);

  EXPECT_EQ(lines_.back(), "scenario: 2 steps passed, 0 failed");
}

TEST_F(ScenarioRunnerTest, AnExpectationFailsAfterItsTimeAndSaysWhatWasSeen) {
  Play(R"(
steps:
  - weight: {backend: web, server: w1, weight: 7}
  - expect: {event: APPLIED, revision: 5, within: 2s}
)");
  Connect(one_);
  RunAt(seconds(0));
  EXPECT_EQ(runner_->NextDeadline(), now_ + seconds(2));

  RunAt(seconds(2));

  EXPECT_EQ(lines_.back(), "scenario: 1 steps passed, 1 failed");
  EXPECT_THAT(lines_[1], HasSubstr("nothing like it from edge-1; seen:"));
  EXPECT_THAT(lines_[1], HasSubstr("applied revision 2"));
}

TEST_F(ScenarioRunnerTest, ARejectionIsExpectedByOneOfItsViolations) {
  Play(R"(
steps:
  - add_server: {backend: web, server: {id: w2, address: "10.0.0.300:80"}}
  - expect: {event: REJECTED, code: INVALID_ARGUMENT, path: '"w2"].address', message: refused, revision: 1}
  - {expect: {event: REJECTED, code: NOT_FOUND, within: 0s}}
  - {expect: {event: REJECTED, path: "w3", within: 0s}}
  - {expect: {event: REJECTED, message: "other", within: 0s}}
  - {expect: {event: APPLIED, within: 0s}}
)");
  Connect(one_);

  RunAt(seconds(0));

  EXPECT_EQ(lines_.back(), "scenario: 2 steps passed, 4 failed");
  EXPECT_THAT(lines_[1], StartsWith("scenario: step 2 passed"));
}

TEST_F(ScenarioRunnerTest, ATransactionIsSentAsItStandsAndLeftAlone) {
  Play(R"(
steps:
  - transaction: {operations: [{remove_listener: none}]}
  - expect: {event: REJECTED, code: NOT_FOUND}
  - transaction: {id: by-hand, snapshot: {}}
  - expect: {event: APPLIED, revision: 2}
)");
  Connect(one_);

  RunAt(seconds(0));

  EXPECT_EQ(lines_.back(), "scenario: 4 steps passed, 0 failed");
  EXPECT_THAT(one_.proxy.state().backends(), IsEmpty());
}

TEST_F(ScenarioRunnerTest, SeesAProxyGoAndComeBack) {
  Play(R"(
steps:
  - misbehave: {kind: DROP_STREAM}
  - expect: {event: LOST}
  - expect: {event: CONNECTED, revision: 1}
)");
  Connect(one_);
  runner_->OnTime(now_);
  EXPECT_TRUE(one_.stream.was_cut());

  Disconnect(one_);
  runner_->OnTime(now_);
  Connect(one_);
  runner_->OnTime(now_);

  EXPECT_EQ(lines_.back(), "scenario: 3 steps passed, 0 failed");
}

TEST_F(ScenarioRunnerTest, AnExpectationThatNobodyIsThereToMeetFails) {
  Play("{wait_for_proxies: 0, steps: [{expect: {event: APPLIED, within: 0s}}]}");

  RunAt(seconds(0));

  EXPECT_EQ(lines_.back(), "scenario: 0 steps passed, 1 failed");
}

TEST(CheckScenario, NamesEveryStepThatIsWrong) {
  const absl::Status checked = CheckScenario(Parse(R"(
steps:
  - {at: 1s}
  - {weight: {}, health: {}}
  - {at: -1s, weight: {}}
  - {misbehave: {}}
  - {expect: {}}
  - {proxy: edge-1, weight: {}}
  - {weight: {}}
)"));

  EXPECT_EQ(std::string(checked.message()),
            "steps[0]: does nothing\n"
            "steps[1]: does more than one thing\n"
            "steps[2]: at: must not be negative\n"
            "steps[3]: misbehave.kind: is missing\n"
            "steps[4]: expect.event: is missing\n"
            "steps[5]: proxy: what should be served is the same for all proxies");
}

TEST(LoadScenario, SaysInWhichLineAFileIsWrong) {
  const std::string path = testing::TempDir() + "wrong.yaml";
  std::ofstream(path) << "steps:\n  - misbehave: {kind: LIE}\n";

  EXPECT_THAT(std::string(LoadScenario(path).status().message()), StartsWith(path + ":2: "));
  EXPECT_FALSE(LoadScenario(testing::TempDir() + "nowhere.yaml").ok());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fairlead::controlplane_mock
