#include "dataplane/health/report.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using testing::HasSubstr;

Report Good() {
  Report report;
  report.backend = "web";
  report.server = "w1";
  report.status = config::Health::kUp;
  report.reporter = "probe-a";
  report.reason = "200 OK";
  return report;
}

void ExpectRefused(const Report& report, std::string_view message) {
  absl::Status status = CheckReport(report);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(message));
}

TEST(CheckReport, AllowsWhatIsWithinTheLimits) {
  EXPECT_TRUE(CheckReport(Good()).ok());
  Report report = Good();
  const std::string reporter(128, 'a');
  const std::string reason(256, 'b');
  report.reporter = reporter;
  report.reason = reason;
  report.ttl_ms = 10;
  EXPECT_TRUE(CheckReport(report).ok());
  report.ttl_ms = 86'400'000;
  EXPECT_TRUE(CheckReport(report).ok());
}

TEST(CheckReport, WantsAReporterOfAllowedCharacters) {
  Report report = Good();
  report.reporter = "";
  ExpectRefused(report, "reporter: missing");
  report.reporter = "a b";
  ExpectRefused(report, "reporter \"a b\": only letters");
  report.reporter = "a\nb";
  ExpectRefused(report, "\"a\\nb\"");
  const std::string reporter(129, 'a');
  report.reporter = reporter;
  ExpectRefused(report, "129 bytes");
  report.reporter = "Zone_1:probe.a-9";
  EXPECT_TRUE(CheckReport(report).ok());
}

TEST(CheckReport, TheControllersNameIsTaken) {
  Report report = Good();
  report.reporter = "controller";
  ExpectRefused(report, "taken");
}

TEST(CheckReport, WantsALifetimeOf10MillisecondsTo24Hours) {
  Report report = Good();
  for (uint64_t ttl : {uint64_t{0}, uint64_t{9}, uint64_t{86'400'001}, UINT64_MAX}) {
    report.ttl_ms = ttl;
    ExpectRefused(report, "want 10ms to 24h");
  }
}

TEST(CheckReport, WantsAReasonOf256BytesOfUtf8) {
  Report report = Good();
  const std::string reason(257, 'b');
  report.reason = reason;
  ExpectRefused(report, "257 bytes");
  report.reason = "caf\xe9";
  ExpectRefused(report, "UTF-8");
}

}  // namespace
}  // namespace fairlead::health
