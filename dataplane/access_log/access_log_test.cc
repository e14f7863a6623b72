#include "dataplane/access_log/access_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/access_log/formatter_test_support.h"

namespace fairlead::access_log {
namespace {

// A destination that does what the test says. Read by the test when the log has ended.
struct Script {
  std::atomic<int> error = 0;             // of all writes, while it is not 0
  std::atomic<size_t> piece = 1'000'000;  // bytes that one write takes at most
  std::atomic<int> reopened = 0;
  std::string received;
};

class ScriptedDestination final : public Destination {
 public:
  explicit ScriptedDestination(Script* script) : script_(script) {}

  Result Write(std::string_view lines) override {
    Result result{.error = script_->error, .mid_line = begun_ > 0};
    if (result.error != 0) return result;
    const std::string_view piece = lines.substr(begun_, script_->piece);
    script_->received += piece;
    const std::string_view done = lines.substr(0, begun_ + piece.size());
    result.taken = done.rfind('\n') + 1;
    result.lines = std::count(done.begin(), done.begin() + result.taken, '\n');
    begun_ = done.size() - result.taken;
    result.mid_line = begun_ > 0;
    return result;
  }
  absl::Status Reopen() override {
    ++script_->reopened;
    begun_ = 0;
    return absl::OkStatus();
  }
  int fd() const override { return -1; }

 private:
  Script* const script_;
  size_t begun_ = 0;
};

class AccessLogTest : public ::testing::Test {
 protected:
  void Start(int workers) {
    log_ = std::make_unique<AccessLog>(std::make_unique<ScriptedDestination>(&script_), workers,
                                       [this](std::string_view line) { said_.emplace_back(line); });
    ASSERT_TRUE(config_.tail.empty());
    config_.pieces = {{.text = "", .field = config::LogField::kPath}};
  }
  void Write(int worker, const std::string& text) {
    Entry entry;
    entry.path = text;
    log_->worker(worker)->Write(config_, entry);
  }
  static void WaitFor(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_TRUE(condition());
  }

  Script script_;
  std::vector<std::string> said_;  // to be read when the log has ended
  config::AccessLog config_;
  std::unique_ptr<AccessLog> log_;
};

TEST_F(AccessLogTest, WritesByItselfAndTheRestAtItsEnd) {
  Start(2);
  Write(0, "one");
  WaitFor([&] { return log_->totals().written == 1; });
  Write(1, "two");
  Write(0, "three");
  log_.reset();
  EXPECT_EQ(script_.received.substr(0, 4), "one\n");
  EXPECT_EQ(script_.received.size(), 14u);
}

TEST_F(AccessLogTest, WakesUpForEachLineAfterAPause) {
  Start(1);
  for (uint64_t i = 1; i <= 300; ++i) {
    Write(0, "line");
    WaitFor([&] { return log_->totals().written == i; });
  }
}

TEST_F(AccessLogTest, LosesNothingOfWorkersThatWriteAtTheSameTime) {
  constexpr int kWorkers = 3, kLines = 20'000;
  Start(kWorkers);
  script_.piece = 1'000;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] {
      for (int i = 0; i < kLines; ++i) Write(worker, std::to_string(worker) + " " + std::to_string(i));
    });
  }
  for (std::thread& worker : workers) worker.join();
  const uint64_t dropped = log_->totals().dropped;
  log_.reset();
  std::map<int, int> last = {{0, -1}, {1, -1}, {2, -1}};
  uint64_t lines = 0;
  for (std::string_view rest = script_.received; !rest.empty(); ++lines) {
    const std::string line(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(line.size() + 1);
    const int worker = line[0] - '0', number = std::stoi(line.substr(2));
    ASSERT_EQ(line, std::to_string(worker) + " " + std::to_string(number)) << "not torn";
    ASSERT_GT(number, last[worker]);
    last[worker] = number;
  }
  EXPECT_EQ(lines + dropped, uint64_t{kWorkers} * kLines);
}

TEST_F(AccessLogTest, DropsAndCountsWhatADestinationThatIsFullLeavesNoRoomFor) {
  Start(1);
  script_.error = EAGAIN;
  const std::string line(1'000, 'x');
  for (int i = 0; i < 3'000; ++i) Write(0, line);
  AccessLog::Totals totals = log_->totals();
  EXPECT_EQ(totals.written, 0u);
  EXPECT_GT(totals.dropped, 1'900u);
  EXPECT_EQ(totals.write_errors, 0u) << "it is full, not broken";
  script_.error = 0;
  WaitFor([&] { return log_->totals().written + log_->totals().dropped == 3'000; });
}

TEST_F(AccessLogTest, TriesAgainAfterAnErrorAndSaysSoOnce) {
  Start(1);
  script_.error = ENOSPC;
  Write(0, "kept");
  WaitFor([&] { return log_->totals().write_errors >= 2; });
  script_.error = 0;
  WaitFor([&] { return log_->totals().written == 1; });
  log_.reset();
  EXPECT_EQ(script_.received, "kept\n");
  EXPECT_EQ(said_, (std::vector<std::string>{"access log: can't be written: No space left on device",
                                             "access log: written again"}));
}

TEST_F(AccessLogTest, EndsThoughTheDestinationTakesNothingAndSaysWhatIsLost) {
  Start(1);
  script_.error = EAGAIN;
  Write(0, "one");
  Write(0, "two");
  const auto begin = std::chrono::steady_clock::now();
  log_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10 * AccessLog::kPatience);
  EXPECT_EQ(said_, std::vector<std::string>{"access log: 2 lines were not written"});
}

TEST_F(AccessLogTest, ReopensWithoutLosingALine) {
  Start(1);
  for (int i = 0; i < 100; ++i) {
    Write(0, std::to_string(i));
    if (i % 10 == 0) {
      const int before = script_.reopened;
      log_->Reopen();
      WaitFor([&] { return script_.reopened > before; });
    }
  }
  log_.reset();
  EXPECT_EQ(std::count(script_.received.begin(), script_.received.end(), '\n'), 100);
}

TEST_F(AccessLogTest, FinishesTheLineOfOneWorkerBeforeAnothers) {
  Start(2);
  script_.error = EAGAIN;
  Write(0, std::string(50, 'a'));
  Write(1, std::string(50, 'b'));
  script_.piece = 7;
  script_.error = 0;
  WaitFor([&] { return log_->totals().written == 2; });
  log_.reset();
  const std::string a = std::string(50, 'a') + "\n", b = std::string(50, 'b') + "\n";
  EXPECT_TRUE(script_.received == a + b || script_.received == b + a) << script_.received;
}

}  // namespace
}  // namespace fairlead::access_log
