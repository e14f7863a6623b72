// The program itself, as a process.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "controlplane-mock/fake_proxy.h"
#include "controlplane-mock/proxy_client.h"

namespace fairlead::controlplane_mock {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr char kProgram[] = "controlplane-mock/controlplane_mock";

// A running controlplane_mock, and all that it has printed, errors included.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kProgram);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int pipe_fds[2];
    EXPECT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
    output_fd_ = pipe_fds[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDERR_FILENO);
    // What makes gRPC's own code clean to TSan is linked into tests alone; transport_test covers the program's threads.
    setenv("TSAN_OPTIONS", "report_bugs=0", 1);
    EXPECT_EQ(posix_spawn(&pid_, kProgram, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_fds[1]);
  }
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_fd_);
  }

  // Reads on until `text` has come; false if it has not within 30 s, or the output has ended.
  bool Prints(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (output_.find(text) == std::string::npos) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd fd{.fd = output_fd_, .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || poll(&fd, 1, static_cast<int>(left.count())) <= 0) return false;
      char buffer[4096];
      const ssize_t size = read(output_fd_, buffer, sizeof buffer);
      if (size <= 0) return false;
      output_.append(buffer, size);
    }
    return true;
  }
  // Where it listens.
  std::string Address() {
    EXPECT_TRUE(Prints("listening on ") && Prints("\n")) << output_;
    const size_t begin = output_.find("listening on ") + std::string("listening on ").size();
    return output_.substr(begin, output_.find('\n', begin) - begin);
  }
  void Signal(int signal) const { kill(pid_, signal); }
  // Its exit code, once its output has ended.
  int Wait() {
    EXPECT_FALSE(Prints("\x01 to the end"));
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& output() const { return output_; }

 private:
  pid_t pid_ = -1;
  int output_fd_ = -1;
  std::string output_;
};

class ControlplaneMockTest : public testing::Test {
 protected:
  ControlplaneMockTest() {
    fs::create_directories(directory_);
    WriteWeight("1");
  }
  ~ControlplaneMockTest() override { fs::remove_all(directory_); }

  // Renamed over, as editors do.
  void Write(const std::string& text) const {
    std::ofstream(directory_ + "a.yaml.new") << text;
    fs::rename(directory_ + "a.yaml.new", file_);
  }
  void WriteWeight(const std::string& weight) const {
    Write("backends:\n  - id: web\n    servers: [{id: w1, address: \"127.0.0.1:9001\", weight: " + weight + "}]\n");
  }

  const std::string directory_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + "/";
  const std::string file_ = directory_ + "a.yaml";
  FakeProxy proxy_{"edge-1"};
};

TEST_F(ControlplaneMockTest, SendsWhatChangesInTheFilesAndEndsCleanlyOnSigterm) {
  Program program({directory_});
  ProxyClient client(&proxy_, program.Address());
  ASSERT_TRUE(program.Prints("proxy edge-1: applied revision 1")) << program.output();

  WriteWeight("2");

  EXPECT_TRUE(program.Prints("on revision 1\n  upsert server web/w1")) << program.output();
  EXPECT_TRUE(program.Prints("proxy edge-1: applied revision 2")) << program.output();
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_EQ(client.Join().error_message(), "the controller is ending");
}

TEST_F(ControlplaneMockTest, KeepsTheLastGoodStateWhenAFileIsWrong) {
  const std::string status_file = directory_ + "status.json";
  Program program({"--status_file=" + status_file, file_});
  ProxyClient client(&proxy_, program.Address());
  ASSERT_TRUE(program.Prints("applied revision 1")) << program.output();

  WriteWeight("many");

  EXPECT_TRUE(program.Prints(file_ + ":3: ")) << program.output();
  EXPECT_TRUE(program.Prints("the last good state stays")) << program.output();
  WriteWeight("2");
  EXPECT_TRUE(program.Prints("applied revision 2")) << program.output();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 0) << program.output();
  std::ifstream status(status_file);
  EXPECT_THAT((std::string{std::istreambuf_iterator<char>(status), {}}), HasSubstr("\"revision\": \"2\""));
}

TEST_F(ControlplaneMockTest, DoesNotStartOnAFileThatIsWrong) {
  WriteWeight("many");
  Program program({file_});

  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.output(), HasSubstr(file_ + ":3: "));
}

TEST_F(ControlplaneMockTest, PlaysAScenarioAndSaysByItsExitCodeHowItWent) {
  const std::string scenario = directory_ + "scenario";
  std::ofstream(scenario) << R"(
steps:
  - weight: {backend: web, server: w1, weight: 9}
  - expect: {event: APPLIED, revision: 2}
  - misbehave: {kind: DROP_STREAM}
  - expect: {event: LOST}
)";
  Program program({"--scenario=" + scenario, "--exit_after_scenario", file_});
  ProxyClient client(&proxy_, program.Address());

  EXPECT_EQ(program.Wait(), 0);

  EXPECT_THAT(program.output(), HasSubstr("scenario: 4 steps passed, 0 failed"));
}

TEST_F(ControlplaneMockTest, PlaysItsExampleToTheEnd) {
  Program program({"--scenario=controlplane-mock/examples/quickstart-scenario.yaml", "--exit_after_scenario",
                   "docs/examples/quickstart.yaml"});
  ProxyClient client(&proxy_, program.Address());

  EXPECT_EQ(program.Wait(), 0);

  EXPECT_THAT(program.output(), HasSubstr("scenario: 14 steps passed, 0 failed"));
}

TEST_F(ControlplaneMockTest, SaysItsVersionAndRefusesWhatItDoesNotKnow) {
  Program version({"--version"});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_EQ(version.output(), "controlplane_mock 0.1.0\n");

  Program wrong({"--what"});
  EXPECT_EQ(wrong.Wait(), 2);
  EXPECT_EQ(wrong.output(), "controlplane_mock: --what: no such flag; see --help\n");
}

}  // namespace
}  // namespace fairlead::controlplane_mock
