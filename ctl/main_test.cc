// The program as a process: what main.cc adds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "ctl/fake_proxy.h"

namespace fairlead::ctl {
namespace {

// A process of the program, with its standard output to read.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, const std::string& variable = "NOTHING=") {
    std::array<int, 2> output;
    EXPECT_EQ(pipe2(output.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    std::vector<char*> argv = {const_cast<char*>("ctl/fairleadctl")};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    // Under ThreadSanitizer: the program lacks what //third_party:gtest brings to understand gRPC; the other tests run
    // the same code in their own process.
    static constexpr char kNoReports[] = "TSAN_OPTIONS=report_bugs=0";
    std::array<char*, 3> environment = {const_cast<char*>(variable.c_str()), const_cast<char*>(kNoReports), nullptr};
    EXPECT_EQ(posix_spawn(&id_, argv[0], &actions, nullptr, argv.data(), environment.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
    output_ = output[0];
  }
  ~Process() { close(output_); }

  // Reads until the text has come; false if the output ends before.
  bool ReadUntil(const std::string& text) {
    std::array<char, 4096> buffer;
    while (text_.find(text) == std::string::npos) {
      const ssize_t count = read(output_, buffer.data(), buffer.size());
      if (count <= 0) return false;
      text_.append(buffer.data(), static_cast<size_t>(count));
    }
    return true;
  }

  void Signal(int signal) const { EXPECT_EQ(kill(id_, signal), 0); }

  // Its exit code; -1 if a signal ended it.
  int Wait() const {
    int status = 0;
    EXPECT_EQ(waitpid(id_, &status, 0), id_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t id_ = 0;
  int output_ = -1;
  std::string text_;
};

TEST(Main, EndsWithTheExitCodeOfTheCommand) {
  const FakeProxy proxy;
  EXPECT_EQ(Process({"status", "--address", proxy.address()}).Wait(), 0);
  EXPECT_EQ(Process({"get", "backends", "web", "--address", proxy.address()}).Wait(), 1);
  EXPECT_EQ(Process({"frobnicate"}).Wait(), 2);
  EXPECT_EQ(Process({"status", "--address=unix:/nowhere"}).Wait(), 3);
}

TEST(Main, ReadsTheAddressFromTheEnvironment) {
  const FakeProxy proxy;
  EXPECT_EQ(Process({"status"}, "FAIRLEAD_ADDRESS=" + proxy.address()).Wait(), 0);
}

TEST(Main, InterruptEndsAWatchWithZero) {
  const FakeProxy proxy;
  for (const int signal : {SIGINT, SIGTERM}) {
    Process watch({"watch", "--address", proxy.address()});
    ASSERT_TRUE(watch.ReadUntil("revision 0"));
    watch.Signal(signal);
    EXPECT_EQ(watch.Wait(), 0);
  }
}

TEST(Main, InterruptEndsOtherCommandsAtOnce) {
  const FakeProxy proxy({.answers = false, .heartbeat_interval_ms = 10});
  const Process status({"status", "--timeout=1m", "--address", proxy.address()});
  ASSERT_TRUE(proxy.WaitForHeartbeats(1));
  status.Signal(SIGINT);
  EXPECT_EQ(status.Wait(), -1);
}

}  // namespace
}  // namespace fairlead::ctl
