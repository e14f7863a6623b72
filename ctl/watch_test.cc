#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <sstream>
#include <streambuf>
#include <thread>

#include "ctl/program.h"
#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

using ::testing::HasSubstr;

// Output that another thread can wait for.
class WatchedOutput final : public std::streambuf {
 public:
  // Whether the text comes within ten seconds.
  bool WaitFor(const std::string& text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return text_.find(text) != std::string::npos; });
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  int_type overflow(int_type c) override {
    const char character = traits_type::to_char_type(c);
    xsputn(&character, 1);
    return c;
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    const std::lock_guard lock(mutex_);
    text_.append(text, static_cast<size_t>(count));
    changed_.notify_all();
    return count;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

// A `fairleadctl watch` in a thread of its own.
class RunningWatch {
 public:
  RunningWatch(const FakeProxy& proxy, std::vector<std::string> words) {
    EXPECT_EQ(pipe(interrupts_.data()), 0);
    words.insert(words.begin(), "watch");
    words.push_back("--address=" + proxy.address());
    thread_ = std::thread([this, words] {
      std::istringstream in;
      std::ostream out(&output_);
      const Environment environment = {.in = in,
                                       .out = out,
                                       .err = err_,
                                       .variable = [](const std::string&) { return ""; },
                                       .catch_interrupts = [this] { return interrupts_[0]; }};
      code_ = RunProgram(words, environment);
    });
  }
  ~RunningWatch() {
    if (thread_.joinable()) Interrupt();
    close(interrupts_[0]);
    close(interrupts_[1]);
  }

  // Ctrl-C; returns how the program ended.
  ExitCode Interrupt() {
    EXPECT_EQ(write(interrupts_[1], "x", 1), 1);
    return Join();
  }
  ExitCode Join() {
    thread_.join();
    return code_;
  }

  bool WaitFor(const std::string& text) { return output_.WaitFor(text); }
  std::string out() { return output_.text(); }
  // After Join.
  std::string err() const { return err_.str(); }

 private:
  std::array<int, 2> interrupts_{};
  WatchedOutput output_;
  std::ostringstream err_;
  ExitCode code_ = ExitCode::kUsage;
  std::thread thread_;
};

constexpr std::string_view kBefore = "backends: [{id: web, servers: [{id: w1}, {id: w2}]}]";
constexpr std::string_view kAfter = "backends: [{id: web, servers: [{id: w1, weight: 5}, {id: w3}]}]";

TEST(Watch, ShowsWhatThereIsThenEveryChangeUntilInterrupted) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kBefore));
  RunningWatch watch(proxy, {});
  ASSERT_TRUE(watch.WaitFor("revision 1: 0 listeners, 0 route tables, 1 backend, 2 servers\n")) << watch.out();
  proxy.SetState(StateForTest(kAfter));
  ASSERT_TRUE(watch.WaitFor("revision 2\n  ~ server web/w1 {weight: 5}\n  + server web/w3 {}\n  - server web/w2\n"))
      << watch.out();
  v1::ServerStatus status;
  status.set_backend("web");
  status.set_server("w3");
  status.set_health(v1::Health::DOWN);
  status.set_decided_by("probe-a");
  proxy.SetServerStatus(status);
  ASSERT_TRUE(watch.WaitFor("web/w3 is DOWN, not eligible, by probe-a\n")) << watch.out();
  EXPECT_EQ(watch.Interrupt(), ExitCode::kDone);
  EXPECT_EQ(watch.err(), "");
}

TEST(Watch, OutlivesTheTimeoutOfASingleAnswer) {
  FakeProxy proxy({.heartbeat_interval_ms = 20});
  RunningWatch watch(proxy, {"--timeout=1s"});
  ASSERT_TRUE(watch.WaitFor("revision 0"));
  // They take 1.2 s.
  ASSERT_TRUE(proxy.WaitForHeartbeats(60));
  proxy.SetState(StateForTest(kBefore));
  EXPECT_TRUE(watch.WaitFor("revision 1")) << watch.out();
  EXPECT_EQ(watch.Interrupt(), ExitCode::kDone);
}

TEST(Watch, OfOneBackendShowsNoOther) {
  FakeProxy proxy;
  proxy.SetState(StateForTest("backends: [{id: web}, {id: api}]"));
  RunningWatch watch(proxy, {"api"});
  EXPECT_TRUE(watch.WaitFor("1 backend, 0 servers")) << watch.out();
}

TEST(Watch, ForProgramsIsADocumentForEachReport) {
  FakeProxy proxy;
  RunningWatch json(proxy, {"-o", "json"});
  RunningWatch yaml(proxy, {"-o", "yaml"});
  ASSERT_TRUE(json.WaitFor("\n"));
  ASSERT_TRUE(yaml.WaitFor("revision: 0\n"));
  proxy.SetState(StateForTest(kBefore));
  ASSERT_TRUE(json.WaitFor("\"revision\":\"1\""));
  ASSERT_TRUE(yaml.WaitFor("revision: 1\n"));
  EXPECT_EQ(json.Interrupt(), ExitCode::kDone);
  EXPECT_EQ(yaml.Interrupt(), ExitCode::kDone);
  const std::string lines = json.out();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2) << lines;
  EXPECT_TRUE(yaml.out().starts_with("---\n")) << yaml.out();
}

TEST(Watch, EndsWithThreeWhenTheProxyFallsSilent) {
  const FakeProxy proxy({.heartbeat_timeout_ms = 500});
  RunningWatch watch(proxy, {});
  ASSERT_TRUE(watch.WaitFor("revision 0"));
  EXPECT_EQ(watch.Join(), ExitCode::kUnreachable);
  EXPECT_EQ(watch.err(), "heard nothing from " + proxy.address() + " for 500ms\n");
}

TEST(Watch, EndsWithThreeWhenTheProxyIsLost) {
  auto proxy = std::make_unique<FakeProxy>();
  const std::string address = proxy->address();
  RunningWatch watch(*proxy, {});
  ASSERT_TRUE(watch.WaitFor("revision 0"));
  proxy.reset();
  EXPECT_EQ(watch.Join(), ExitCode::kUnreachable);
  EXPECT_THAT(watch.err(), HasSubstr("lost the proxy at " + address));
}

}  // namespace
}  // namespace fairlead::ctl
