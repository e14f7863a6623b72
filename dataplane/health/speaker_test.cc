#include "dataplane/health/speaker.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using testing::HasSubstr;

identity::Peer UnixPeer(uint32_t uid) {
  identity::Peer peer;
  peer.unix_uid = uid;
  return peer;
}

class SpeakerTest : public testing::Test {
 protected:
  void Put(const std::string& id, uint32_t uid, const std::vector<std::string>& backends = {"*"}) {
    reporters_.Put(std::make_shared<const Reporter>(Reporter{.id = id,
                                                             .identities = {identity::UnixUser{uid}},
                                                             .failure_domain = id,
                                                             .backends = BackendPatterns(backends)}));
  }
  // Nothing: it may.
  static std::optional<Refusal> Refused(Speaker& speaker, std::string_view reporter, std::string_view backend = "web") {
    Report report;
    report.reporter = reporter;
    report.backend = backend;
    Refusal refusal{};
    const absl::Status status = speaker.Check(report, &refusal);
    if (status.ok()) return std::nullopt;
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    return refusal;
  }

  Reporters reporters_;
};

TEST_F(SpeakerTest, EverybodyMayReportAsLongAsThereAreNoReporters) {
  Speaker speaker(&reporters_, {});
  EXPECT_EQ(Refused(speaker, "anybody"), std::nullopt);
}

TEST_F(SpeakerTest, WithReportersOnlyTheyMay) {
  Put("probe-a", 7);
  Speaker speaker(&reporters_, UnixPeer(7));
  EXPECT_EQ(Refused(speaker, "probe-a"), std::nullopt);
  EXPECT_EQ(Refused(speaker, "anybody"), Refusal::kStranger);
}

TEST_F(SpeakerTest, NobodyReportsInAnothersName) {
  Put("probe-a", 7);
  Put("probe-b", 8);
  Speaker speaker(&reporters_, UnixPeer(8));
  EXPECT_EQ(Refused(speaker, "probe-a"), Refusal::kStranger);
  EXPECT_EQ(Refused(speaker, "probe-b"), std::nullopt);
}

TEST_F(SpeakerTest, OneConnectionSpeaksForAllReportersThatItProves) {
  Put("probe-a", 7);
  Put("probe-b", 7);
  Speaker speaker(&reporters_, UnixPeer(7));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Refused(speaker, "probe-a"), std::nullopt);
    EXPECT_EQ(Refused(speaker, "probe-b"), std::nullopt);
  }
}

TEST_F(SpeakerTest, AReporterSpeaksForItsBackendsAlone) {
  Put("probe-a", 7, {"web", "team-*"});
  Speaker speaker(&reporters_, UnixPeer(7));
  EXPECT_EQ(Refused(speaker, "probe-a", "web"), std::nullopt);
  EXPECT_EQ(Refused(speaker, "probe-a", "team-x"), std::nullopt);
  EXPECT_EQ(Refused(speaker, "probe-a", "api"), Refusal::kForeignBackend);
}

TEST_F(SpeakerTest, ReportersThatChangeCountFromTheNextReportOn) {
  Put("probe-a", 7);
  Speaker speaker(&reporters_, UnixPeer(7));
  EXPECT_EQ(Refused(speaker, "probe-a"), std::nullopt);
  Put("probe-a", 8);
  EXPECT_EQ(Refused(speaker, "probe-a"), Refusal::kStranger);
  Put("probe-a", 7);
  EXPECT_EQ(Refused(speaker, "probe-a"), std::nullopt);
  Put("probe-b", 8);
  reporters_.Remove("probe-a");
  EXPECT_EQ(Refused(speaker, "probe-a"), Refusal::kStranger);
  reporters_.Remove("probe-b");
  EXPECT_EQ(Refused(speaker, "probe-a"), std::nullopt);
}

TEST_F(SpeakerTest, ATokenThatIsShownCountsFromThenOn) {
  reporters_.Put(
      std::make_shared<const Reporter>(Reporter{.id = "probe-a",
                                                .identities = {identity::TokenDigest{tls::Sha256Of("secret")}},
                                                .failure_domain = "a",
                                                .backends = BackendPatterns({"*"})}));
  Speaker speaker(&reporters_, {});
  EXPECT_EQ(Refused(speaker, "probe-a"), Refusal::kStranger);
  speaker.ShowToken("wrong");
  EXPECT_EQ(Refused(speaker, "probe-a"), Refusal::kStranger);
  speaker.ShowToken("secret");
  EXPECT_EQ(Refused(speaker, "probe-a"), std::nullopt);
  speaker.ShowToken("wrong");
  EXPECT_EQ(Refused(speaker, "probe-a"), Refusal::kStranger);
}

TEST_F(SpeakerTest, TheMessageTellsWhatTheConnectionProved) {
  Put("probe-a", 7);
  Speaker speaker(&reporters_, UnixPeer(8));
  Report report;
  report.reporter = "probe-a";
  Refusal refusal{};
  EXPECT_THAT(std::string(speaker.Check(report, &refusal).message()),
              HasSubstr("reporter \"probe-a\": no reporter of this name has an identity of unix user 8"));
}

}  // namespace
}  // namespace fairlead::health
