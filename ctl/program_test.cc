#include "ctl/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

using ::testing::HasSubstr;

void ExpectUsageError(const std::vector<std::string>& arguments, const std::string& message) {
  const Outcome outcome = RunForTest(arguments);
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.err, message + "\n");
  EXPECT_EQ(outcome.out, "");
}

TEST(Program, SaysItsVersion) {
  const Outcome outcome = RunForTest({"--version"});
  EXPECT_EQ(outcome.code, ExitCode::kDone);
  EXPECT_EQ(outcome.out, "fairleadctl 0.1.0\n");
}

TEST(Program, HelpFitsAScreenAndNamesEveryCommand) {
  const Outcome outcome = RunForTest({"--help"});
  EXPECT_EQ(outcome.code, ExitCode::kDone);
  EXPECT_LE(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 24);
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  for (const char* command : {"apply", "diff", "get", "status", "watch", "server add", "health report"}) {
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\n  ") + command));
  }
}

TEST(Program, HelpIsAWordToo) {
  EXPECT_EQ(RunForTest({"help"}).out, RunForTest({"--help"}).out);
  EXPECT_EQ(RunForTest({"help", "server", "weight"}).out, RunForTest({"server", "weight", "--help"}).out);
  ExpectUsageError({"help", "aply"}, "unknown command \"aply\"; did you mean \"apply\"?");
}

TEST(Program, HelpOfEveryCommandHasAnExample) {
  const std::vector<std::vector<std::string>> commands = {{"apply"},
                                                          {"diff"},
                                                          {"get"},
                                                          {"status"},
                                                          {"watch"},
                                                          {"server", "add"},
                                                          {"server", "remove"},
                                                          {"server", "weight"},
                                                          {"server", "drain"},
                                                          {"server", "ready"},
                                                          {"server", "maint"},
                                                          {"health", "report"}};
  for (std::vector<std::string> command : commands) {
    const std::string name = command.size() == 2 ? command[0] + " " + command[1] : command[0];
    command.emplace_back("--help");
    const Outcome outcome = RunForTest(command);
    EXPECT_EQ(outcome.code, ExitCode::kDone);
    EXPECT_THAT(outcome.out, HasSubstr("\n  Example: fairleadctl " + name)) << name;
  }
}

TEST(Program, HelpOfAGroupShowsAllItsCommands) {
  const Outcome outcome = RunForTest({"--help", "server"});
  EXPECT_EQ(outcome.code, ExitCode::kDone);
  for (const char* command : {"add", "remove", "weight", "drain", "ready", "maint"}) {
    EXPECT_THAT(outcome.out, HasSubstr(std::string("fairleadctl server ") + command));
  }
  EXPECT_LE(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 40);
}

TEST(Program, NamesTheNearestOfUnknownCommandsAndFlags) {
  ExpectUsageError({"aply"}, "unknown command \"aply\"; did you mean \"apply\"?");
  ExpectUsageError({"frobnicate"}, "unknown command \"frobnicate\"; see fairleadctl --help");
  ExpectUsageError({"frobnicate", "--help"}, "unknown command \"frobnicate\"; see fairleadctl --help");
  ExpectUsageError({"server", "wieght", "web/w1", "5"}, "unknown command \"server wieght\"; did you mean \"weight\"?");
  ExpectUsageError({"server"}, "server needs one of add, remove, weight, drain, ready, maint");
  ExpectUsageError({"health"}, "health needs one of report");
  ExpectUsageError({}, "no command; see fairleadctl --help");
  ExpectUsageError({"status", "--adress=a:1"}, "unknown flag --adress; did you mean --address?");
}

TEST(Program, RefusesAFlagOfAnotherCommand) {
  ExpectUsageError({"status", "--dry_run", "--address=a:1"}, "status has no flag --dry_run");
  ExpectUsageError({"server", "drain", "web/w1", "--ttl=5s", "--address=a:1"}, "server drain has no flag --ttl");
}

TEST(Program, RefusesBadValuesOfItsOwnFlags) {
  ExpectUsageError({"status"}, "where is the proxy? say --address=HOST:PORT or set FAIRLEAD_ADDRESS");
  ExpectUsageError({"status", "--address=here"}, "the proxy's address is HOST:PORT or unix:PATH, not \"here\"");
  ExpectUsageError({"status", "--address=a:1", "-o", "xml"}, "-o is table, yaml or json, not \"xml\"");
  for (const char* timeout : {"0s", "-1s", "10", "25h"}) {
    ExpectUsageError({"status", "--address=a:1", "--timeout", timeout},
                     "--timeout is a duration like 10s, at most 24h, not \"" + std::string(timeout) + "\"");
  }
}

TEST(Program, RefusesTooFewAndTooManyArguments) {
  ExpectUsageError({"server", "weight", "web/w1", "--address=a:1"},
                   "too few arguments; usage: fairleadctl server weight BACKEND/SERVER WEIGHT");
  ExpectUsageError({"status", "a", "b", "--address=a:1"}, "too many arguments; usage: fairleadctl status [BACKEND]");
  ExpectUsageError({"get", "servers", "a", "b", "--address=a:1"},
                   "too many arguments; usage: fairleadctl get [KIND [ID]]");
}

TEST(Program, TakesTheAddressFromItsEnvironment) {
  const FakeProxy proxy;
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const Environment environment = {
      .in = in,
      .out = out,
      .err = err,
      .variable = [&](const std::string& name) { return name == "FAIRLEAD_ADDRESS" ? proxy.address() : ""; },
      .catch_interrupts = [] { return -1; }};
  EXPECT_EQ(RunProgram({"status"}, environment), ExitCode::kDone) << err.str();
}

TEST(Program, EndsWithThreeWhenTheProxyIsNotReached) {
  std::string address;
  {
    const FakeProxy gone;
    address = gone.address();
  }
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"status"}, {"get"}, {"watch"}, {"server", "drain", "web/w1"}, {"health", "report", "web/w1", "up"}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back("--address=" + address);
    const Outcome outcome = RunForTest(arguments);
    EXPECT_EQ(outcome.code, ExitCode::kUnreachable) << command[0];
    EXPECT_EQ(outcome.err, "can't reach the proxy at " + address + ": Connection refused\n") << command[0];
  }
}

TEST(Program, EndsWithThreeWhenTheProxyIsTooSlow) {
  const FakeProxy proxy({.answers = false});
  const Outcome outcome = RunForTest(proxy, {"status", "--timeout=200ms"});
  EXPECT_EQ(outcome.code, ExitCode::kUnreachable);
  EXPECT_EQ(outcome.err, "no answer from " + proxy.address() + " within 200ms\n");
}

}  // namespace
}  // namespace fairlead::ctl
