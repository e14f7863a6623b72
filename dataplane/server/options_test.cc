#include "dataplane/server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kListen[] = "--control_listen=unix:/tmp/f";

std::string ErrorOf(std::vector<std::string> arguments) {
  return std::string(ParseOptions(arguments).status().message());
}

TEST(Options, TakesListsNumbersAndDurations) {
  absl::StatusOr<Options> options =
      ParseOptions({"--control=127.0.0.1:1,[::1]:2", "--workers=3", "--io=epoll", "--node_id=a=b", "--zone=z",
                    "--drain_timeout=1m", "--heartbeat_timeout=3s", "--server_metrics=off"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->control, ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_EQ(options->workers, 3);
  EXPECT_EQ(options->tls_threads, 3);  // as many
  EXPECT_EQ(options->io, event::IoBackend::kEpoll);
  EXPECT_EQ(options->node_id, "a=b");
  EXPECT_FALSE(options->server_metrics);
  EXPECT_EQ(options->drain_timeout, std::chrono::minutes(1));
  EXPECT_EQ(options->heartbeat_interval, std::chrono::seconds(1)) << "a third of the timeout";
}

TEST(Options, NamesTheFlagThatIsWrongAndWhatWouldBeRight) {
  EXPECT_EQ(ErrorOf({kListen, "--nonsense=1"}), "--nonsense: no such flag; see --help");
  EXPECT_EQ(ErrorOf({kListen, "--worker=1"}), "--worker: no such flag; did you mean --workers?");
  EXPECT_EQ(ErrorOf({kListen, "--control_crt"}), "--control_crt: no such flag; did you mean --control_cert?");
  EXPECT_EQ(ErrorOf({"--help=all"}), "--help: takes no value");
  EXPECT_TRUE(ParseOptions({"-h"})->help);
  EXPECT_EQ(ErrorOf({"--hlep"}), "--hlep: no such flag; did you mean --help?");
  EXPECT_EQ(ErrorOf({kListen, "--state-dir=/tmp"}), "--state-dir: no such flag; did you mean --state_dir?");
  EXPECT_THAT(ErrorOf({kListen, "--workers=0"}), HasSubstr("--workers: want a number from 1"));
  EXPECT_THAT(ErrorOf({kListen, "--tls_threads=-1"}), HasSubstr("--tls_threads: want a number from 0"));
  EXPECT_THAT(ErrorOf({kListen, "--workers"}), HasSubstr("--workers: needs a value"));
  EXPECT_THAT(ErrorOf({kListen, "--io=kqueue"}), HasSubstr("auto, io_uring or epoll"));
  EXPECT_EQ(ErrorOf({kListen, "--server_metrics=no"}), "--server_metrics: want on or off, not \"no\"");
  EXPECT_THAT(ErrorOf({kListen, "--drain_timeout=-1s"}), HasSubstr("want a duration"));
  EXPECT_THAT(ErrorOf({kListen, "--admin_listen=a,,b"}), HasSubstr("an address is empty"));
  EXPECT_THAT(ErrorOf({kListen, "file.yaml"}), HasSubstr("\"file.yaml\" is no flag"));
  EXPECT_THAT(ErrorOf({kListen, "--heartbeat_interval=5s", "--heartbeat_timeout=5s"}), HasSubstr("must be longer"));
}

TEST(Options, TakesBytesWithTheirUnit) {
  const auto bytes = [](const std::string& text) {
    absl::StatusOr<Options> options = ParseOptions({kListen, "--max_buffer_bytes=" + text});
    return options.ok() ? options->max_buffer_bytes : 0;
  };
  EXPECT_EQ(ParseOptions({kListen})->max_buffer_bytes, 0u) << "the machine decides";
  EXPECT_EQ(bytes("100000000"), 100'000'000u);
  EXPECT_EQ(bytes("3KiB"), 3u << 10);
  EXPECT_EQ(bytes("64MiB"), 64u << 20);
  EXPECT_EQ(bytes("2GiB"), uint64_t{2} << 30);
  for (const char* wrong : {"0", "-1", "1.5GiB", "64MB", "64 MiB", "MiB", "99999999999999999999", "9999999999GiB"}) {
    EXPECT_THAT(ErrorOf({kListen, std::string("--max_buffer_bytes=") + wrong}), HasSubstr("KiB, MiB or GiB")) << wrong;
  }
}

TEST(Options, KnowsTheDestinationsOfTheAccessLog) {
  using Kind = access_log::DestinationSpec::Kind;
  const auto parsed = [](const std::string& value) {
    absl::StatusOr<Options> options = ParseOptions({kListen, "--access_log=" + value});
    EXPECT_TRUE(options.ok()) << options.status();
    return options->access_log.value();
  };
  EXPECT_FALSE(ParseOptions({kListen})->access_log.has_value());
  EXPECT_EQ(parsed("file:/var/log/a=b,c").kind, Kind::kFile);
  EXPECT_EQ(parsed("file:/var/log/a=b,c").path, "/var/log/a=b,c");
  EXPECT_EQ(parsed("stdout").kind, Kind::kStdout);
  EXPECT_EQ(parsed("stderr").kind, Kind::kStderr);
  EXPECT_EQ(parsed("syslog:unix:/dev/log").kind, Kind::kSyslog);
  EXPECT_EQ(parsed("syslog:unix:/dev/log").address.path(), "/dev/log");
  EXPECT_EQ(parsed("syslog:[::1]:514").address.ToString(), "[::1]:514");

  EXPECT_EQ(ErrorOf({kListen, "--access_log=/var/log/x"}),
            "--access_log: want file:PATH, stdout, stderr, syslog:unix:PATH or syslog:IP:PORT, not \"/var/log/x\"");
  EXPECT_THAT(ErrorOf({kListen, "--access_log=file:"}), HasSubstr("want file:PATH"));
  EXPECT_EQ(ErrorOf({kListen, "--access_log=syslog:localhost:514"}),
            "--access_log: not an IP:port or unix path: \"localhost:514\"");
}

TEST(Options, KnowsWhereToSaveAndHowLongToWaitForIt) {
  EXPECT_EQ(ParseOptions({kListen})->state_dir, "");
  const absl::StatusOr<Options> options = ParseOptions({kListen, "--state_dir=/var/lib/fairlead", "--state_wait=0"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->state_dir, "/var/lib/fairlead");
  EXPECT_EQ(options->state_wait, std::chrono::milliseconds(0));
  EXPECT_EQ(ParseOptions({kListen, "--state_wait=250ms"})->state_wait, std::chrono::milliseconds(250));
  EXPECT_THAT(ErrorOf({kListen, "--state_wait=-1s"}), HasSubstr("--state_wait: want"));
}

TEST(Options, RefusesAProxyThatNobodyCouldProgram) {
  EXPECT_THAT(ErrorOf({"--admin_listen=127.0.0.1:0"}), HasSubstr("nobody could program it"));
}

TEST(Options, HelpFitsAScreen) {
  int lines = 0;
  for (char c : std::string(kHelp)) lines += c == '\n';
  EXPECT_LE(lines, 24);
}

}  // namespace
}  // namespace fairlead::server
