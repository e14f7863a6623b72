#include "prober/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace fairlead::prober {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<Options> Parse(const std::vector<std::string>& arguments) {
  return ParseOptions(arguments, [](const std::string&) { return ""; });
}

std::string Fault(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Options> options = Parse(arguments);
  return options.ok() ? "" : std::string(options.status().message());
}

TEST(Options, AreRead) {
  const auto options = Parse({"--proxies=10.0.0.1:99,10.0.0.2:99", "--proxies", "unix:/run/x", "--id=probe-a",
                              "--replicas=3", "--peer_timeout=500ms", "--io=epoll"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->proxies, ElementsAre("10.0.0.1:99", "10.0.0.2:99", "unix:/run/x"));
  EXPECT_EQ(options->id, "probe-a");
  EXPECT_EQ(options->replicas, 3u);
  EXPECT_EQ(options->peer_timeout.count(), 500);
  EXPECT_EQ(options->io, event::IoBackend::kEpoll);
}

TEST(Options, TheEnvironmentStandsInForMutualTls) {
  const auto options =
      ParseOptions({"--proxies=a:1"}, [](const std::string& name) { return name == "FAIRLEAD_CA" ? "x" : ""; });
  EXPECT_THAT(std::string(options.status().message()), HasSubstr("missing: --cert, --key"));
}

TEST(Options, WhatIsWrongIsToldInALine) {
  EXPECT_THAT(Fault({}), HasSubstr("give --proxies or --servers"));
  EXPECT_THAT(Fault({"--servers=x"}), HasSubstr("nobody would hear of it"));
  EXPECT_EQ(Fault({"--servers=x", "--once"}), "");
  EXPECT_THAT(Fault({"--proxies=a:1", "--replicas=0"}), HasSubstr("--replicas: want 1 to 100, not \"0\""));
  EXPECT_THAT(Fault({"--proxies=a:1", "--peer_timeout=1"}), HasSubstr("--peer_timeout: want a duration"));
  EXPECT_THAT(Fault({"--proxies=a:1", "--id=a b"}), HasSubstr("--id: want"));
  EXPECT_THAT(Fault({"--proxies=a:1", "--id=controller"}), HasSubstr("--id: want"));
  EXPECT_THAT(Fault({"--proxies=a:1,,b:2"}), HasSubstr("--proxies: want addresses"));
  EXPECT_THAT(Fault({"--proxies=a:1", "--peers=b:2"}), HasSubstr("give both, or neither"));
  EXPECT_THAT(Fault({"--proxies=a:1", "--io=iocp"}), HasSubstr("--io: want"));
  EXPECT_THAT(Fault({"--proxys=a:1"}), HasSubstr("proxies"));
  EXPECT_THAT(Fault({"--proxies="}), HasSubstr("needs a value"));
  EXPECT_THAT(Fault({"--proxies=a:1", "now"}), HasSubstr("\"now\" is no flag"));
}

TEST(Options, HelpFitsAScreen) {
  const std::string_view help = kHelp;
  EXPECT_LE(std::ranges::count(help, '\n'), 24);
}

}  // namespace
}  // namespace fairlead::prober
