#include "controlplane-mock/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace fairlead::controlplane_mock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const auto options = ParseOptions(arguments);
  return options.ok() ? "" : std::string(options.status().message());
}

TEST(ParseOptions, ListensOnLoopbackUnlessToldOtherwise) {
  const auto options = ParseOptions({"a.yaml"});

  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->listen, "127.0.0.1:0");
  EXPECT_THAT(options->dial, SizeIs(0));
  EXPECT_FALSE(options->leader_epoch);
  EXPECT_FALSE(options->force);
}

TEST(ParseOptions, TakesAllFlags) {
  const auto options = ParseOptions({"--listen=unix:/run/mock.sock", "--dial=127.0.0.1:1,[::1]:2,localhost:3",
                                     "--leader_epoch=0", "--force", "--status_file=s.json", "--scenario=s.yaml",
                                     "--exit_after_scenario", "--misbehave=silence,flood", "a.yaml", "directory"});

  ASSERT_TRUE(options.ok()) << std::string(options.status().message());
  EXPECT_EQ(options->listen, "unix:/run/mock.sock");
  EXPECT_THAT(options->dial, ElementsAre("127.0.0.1:1", "[::1]:2", "localhost:3"));
  EXPECT_EQ(options->leader_epoch, 0);
  EXPECT_TRUE(options->force);
  EXPECT_EQ(options->status_file, "s.json");
  EXPECT_EQ(options->scenario, "s.yaml");
  EXPECT_TRUE(options->exit_after_scenario);
  EXPECT_THAT(options->misbehave, SizeIs(2));
  EXPECT_THAT(options->paths, ElementsAre("a.yaml", "directory"));
}

TEST(ParseOptions, SaysWhatIsWrongWithWhichFlag) {
  EXPECT_EQ(ErrorOf({"--lisen=x", "a.yaml"}), "--lisen: no such flag; see --help");
  EXPECT_EQ(ErrorOf({"--force=yes", "a.yaml"}), "--force: takes no value");
  EXPECT_EQ(ErrorOf({"--scenario", "a.yaml"}), "--scenario: needs a value: --scenario=…");
  EXPECT_EQ(ErrorOf({"--status_file=", "a.yaml"}), "--status_file: needs a value");
  EXPECT_EQ(ErrorOf({"--leader_epoch=-1", "a.yaml"}), "--leader_epoch: not a number: \"-1\"");
  EXPECT_THAT(ErrorOf({"--misbehave=lie", "a.yaml"}), HasSubstr("--misbehave: \"lie\" is none of"));
  EXPECT_EQ(ErrorOf({"--listen=127.0.0.1", "a.yaml"}), "--listen: not HOST:PORT or unix:PATH: \"127.0.0.1\"");
  EXPECT_EQ(ErrorOf({"--dial=127.0.0.1:65536", "a.yaml"}), "--dial: not HOST:PORT or unix:PATH: \"127.0.0.1:65536\"");
  EXPECT_EQ(ErrorOf({"--exit_after_scenario", "a.yaml"}), "--exit_after_scenario: needs --scenario");
  EXPECT_EQ(ErrorOf({"--listen=", "a.yaml"}), "--listen: neither listens nor dials");
  EXPECT_EQ(ErrorOf({"--force"}), "no FILE.yaml, DIRECTORY or --store given; see --help");
}

TEST(ParseOptions, TakesAStoreInPlaceOfFiles) {
  const auto options = ParseOptions({"--store=etcd://127.0.0.1:2379/fairlead", "--name=ctl-1", "--lease_ttl=2"});

  ASSERT_TRUE(options.ok()) << std::string(options.status().message());
  EXPECT_THAT(options->store->members, ElementsAre("127.0.0.1:2379"));
  EXPECT_EQ(options->store->prefix, "/fairlead");
  EXPECT_EQ(options->name, "ctl-1");
  EXPECT_EQ(options->lease_ttl, std::chrono::seconds(2));
}

TEST(ParseOptions, SaysWhatDoesNotGoWithAStore) {
  const std::string store = "--store=etcd://127.0.0.1:2379/fairlead";
  EXPECT_EQ(ErrorOf({store, "a.yaml"}), "--store: its documents are served, no files");
  EXPECT_EQ(ErrorOf({store, "--leader_epoch=3"}),
            "--leader_epoch: with --store it is the revision of the leader's key");
  EXPECT_EQ(ErrorOf({store, "--scenario=s.yaml"}), "--scenario: not with --store: write to the store");
  EXPECT_EQ(ErrorOf({store, "--lease_ttl=1"}), "--lease_ttl: not 2 to 3600 seconds: \"1\"");
  EXPECT_THAT(ErrorOf({"--store=http://127.0.0.1:2379/x"}), HasSubstr("--store: not etcd://HOST:PORT/PREFIX"));
  EXPECT_EQ(ErrorOf({"--store=etcd://127.0.0.1/x"}), "--store: not HOST:PORT or unix:PATH: \"127.0.0.1\"");
  EXPECT_THAT(ErrorOf({"--store=etcd://10.0.0.1:2379/x"}), HasSubstr("give --store_ca, --store_cert and --store_key"));
}

TEST(ParseOptions, StaysOnThisMachine) {
  EXPECT_THAT(ErrorOf({"--listen=0.0.0.0:7000", "a.yaml"}), HasSubstr("needs mTLS"));
  EXPECT_THAT(ErrorOf({"--dial=127.0.0.1:1,10.0.0.1:7000", "a.yaml"}), HasSubstr("\"10.0.0.1:7000\" is beyond"));
}

TEST(ParseOptions, HelpNeedsNoFileAndFitsAScreen) {
  EXPECT_TRUE(ParseOptions({"--help"})->help);
  EXPECT_TRUE(ParseOptions({"--version"})->version);
  const std::vector<std::string> lines = absl::StrSplit(kHelp, '\n');
  EXPECT_LE(lines.size(), 25u);
  for (const std::string& line : lines) EXPECT_LE(line.size(), 104u) << line;
}

}  // namespace
}  // namespace fairlead::controlplane_mock
