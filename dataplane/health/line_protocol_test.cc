#include "dataplane/health/line_protocol.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using config::Health;
using testing::HasSubstr;
using testing::StartsWith;

class LineProtocolTest : public testing::Test {
 protected:
  Report Accept(std::string_view line) {
    Line parsed = parser_.Parse(line);
    EXPECT_EQ(parsed.kind, Line::Kind::kReport) << parsed.error;
    return parsed.report;
  }
  std::string Refuse(std::string_view line) {
    Line parsed = parser_.Parse(line);
    EXPECT_EQ(parsed.kind, Line::Kind::kError) << line;
    EXPECT_EQ(parsed.error.find('\n'), std::string::npos);
    return parsed.error;
  }
  Line::Kind KindOf(std::string_view line) { return parser_.Parse(line).kind; }

  LineParser parser_;
};

TEST_F(LineProtocolTest, ReadsAReportWithAllItsFields) {
  Report report = Accept("report web/w1 up ttl=10s reporter=probe-a seq=12 incarnation=3 reason=\"200 OK\"");
  EXPECT_EQ(report.backend, "web");
  EXPECT_EQ(report.server, "w1");
  EXPECT_EQ(report.status, Health::kUp);
  EXPECT_EQ(report.ttl_ms, 10'000);
  EXPECT_EQ(report.reporter, "probe-a");
  EXPECT_EQ(report.sequence, 12);
  EXPECT_EQ(report.incarnation, 3);
  EXPECT_EQ(report.reason, "200 OK");
}

TEST_F(LineProtocolTest, WhatIsNotSaidHasTheDefaults) {
  Report report = Accept("report web/w1 down reporter=a");
  EXPECT_EQ(report.ttl_ms, 30'000);
  EXPECT_EQ(report.sequence, 0);
  EXPECT_EQ(report.incarnation, 0);
  EXPECT_EQ(report.reason, "");
}

TEST_F(LineProtocolTest, ReadsEveryStatus) {
  EXPECT_EQ(Accept("report b/s up reporter=a").status, Health::kUp);
  EXPECT_EQ(Accept("report b/s degraded reporter=a").status, Health::kDegraded);
  EXPECT_EQ(Accept("report b/s down reporter=a").status, Health::kDown);
  EXPECT_EQ(Accept("report b/s unknown reporter=a").status, Health::kUnknown);
  for (const char* line :
       {"report b/s UP reporter=a", "report b/s upp reporter=a", "report b/s", "report b/s reporter=a"}) {
    EXPECT_THAT(Refuse(line), HasSubstr("want up, degraded, down or unknown"));
  }
}

TEST_F(LineProtocolTest, ReadsDurationsInEveryUnit) {
  EXPECT_EQ(Accept("report b/s up reporter=a ttl=250ms").ttl_ms, 250);
  EXPECT_EQ(Accept("report b/s up reporter=a ttl=7s").ttl_ms, 7'000);
  EXPECT_EQ(Accept("report b/s up reporter=a ttl=2m").ttl_ms, 120'000);
  EXPECT_EQ(Accept("report b/s up reporter=a ttl=24h").ttl_ms, 86'400'000);
}

TEST_F(LineProtocolTest, RefusesOtherDurations) {
  for (const char* ttl : {"", "10", "s", "1.5s", "-1s", "+1s", "1S", "1 s", "1d", "1sm", "0x1s", "\"\"",
                          "99999999999999999999s", "18446744073709551615h"}) {
    EXPECT_THAT(Refuse(std::string("report b/s up reporter=a ttl=") + ttl), StartsWith("ttl "));
  }
}

TEST_F(LineProtocolTest, RefusesNumbersThatAreNone) {
  EXPECT_EQ(Accept("report b/s up reporter=a seq=18446744073709551615").sequence, UINT64_MAX);
  for (const char* number : {"", "-1", "+1", "1x", "x", "0x10", "18446744073709551616", "1.0"}) {
    EXPECT_THAT(Refuse(std::string("report b/s up reporter=a seq=") + number), StartsWith("seq "));
    EXPECT_THAT(Refuse(std::string("report b/s up reporter=a incarnation=") + number), StartsWith("incarnation "));
  }
}

TEST_F(LineProtocolTest, ReadsQuotedValuesWithTheirTwoEscapes) {
  EXPECT_EQ(Accept(R"(report b/s up reporter=a reason="say \"hi\" \\ bye")").reason, R"(say "hi" \ bye)");
  EXPECT_EQ(Accept(R"(report b/s up reason="" reporter="probe-a")").reporter, "probe-a");
  EXPECT_EQ(Accept(R"(report b/s up reporter=a reason=a=b\n)").reason, R"(a=b\n)");
  EXPECT_EQ(Accept("report b/s up reporter=a reason=\"caf\xc3\xa9\"").reason, "caf\xc3\xa9");
}

TEST_F(LineProtocolTest, RefusesQuotesThatDoNotFit) {
  EXPECT_THAT(Refuse(R"(report b/s up reporter=a reason="200 OK)"), HasSubstr("no closing quote"));
  EXPECT_THAT(Refuse(R"(report b/s up reporter=a reason="200 OK\")"), HasSubstr("no closing quote"));
  EXPECT_THAT(Refuse(R"(report b/s up reporter=a reason="a\n")"), HasSubstr("unknown escape"));
  EXPECT_THAT(Refuse(R"(report b/s up reporter=a reason="a\)"), HasSubstr("unknown escape"));
  EXPECT_THAT(Refuse(R"(report b/s up reporter=a reason=2"00")"), HasSubstr("double quote within"));
  EXPECT_THAT(Refuse(R"(report b/s up reason="a"reporter=a)"), HasSubstr("space after the closing quote"));
}

TEST_F(LineProtocolTest, RefusesKeysThatAreUnknownRepeatedOrWithoutValue) {
  EXPECT_THAT(Refuse("report b/s up reporter=a sequence=1"), StartsWith("unknown key \"sequence\""));
  EXPECT_THAT(Refuse("report b/s up reporter=a =1"), StartsWith("unknown key \"\""));
  EXPECT_THAT(Refuse("report b/s up reporter=a TTL=1s"), StartsWith("unknown key \"TTL\""));
  EXPECT_THAT(Refuse("report b/s up reporter=a ttl"), HasSubstr("want KEY=VALUE"));
  EXPECT_THAT(Refuse("report b/s up reporter=a ttl =1s"), HasSubstr("want KEY=VALUE"));
  for (const char* pair : {"reporter=b", "ttl=1s", "seq=1", "incarnation=1", "reason=x"}) {
    const std::string line = std::string("report b/s up ") + pair + " reporter=a " + pair;
    EXPECT_THAT(Refuse(line), HasSubstr("given twice"));
  }
}

TEST_F(LineProtocolTest, WantsToKnowWhoSpeaks) {
  EXPECT_THAT(Refuse("report b/s up"), StartsWith("reporter: missing"));
  EXPECT_THAT(Refuse("report b/s up reporter="), StartsWith("reporter: missing"));
}

TEST_F(LineProtocolTest, WantsBackendAndServer) {
  for (const char* line :
       {"report", "report web up reporter=a", "report /w1 up reporter=a", "report web/ up reporter=a"}) {
    EXPECT_THAT(Refuse(line), HasSubstr("want BACKEND/SERVER"));
  }
  EXPECT_EQ(Accept("report a/b/c up reporter=a").server, "b/c");  // the table knows no such server
}

TEST_F(LineProtocolTest, RefusesControlCharactersAnywhere) {
  for (char c : {'\0', '\t', '\r', '\n', '\x1b', '\x7f'}) {
    std::string line = "report b/s up reporter=a reason=\"a";
    line += c;
    EXPECT_THAT(Refuse(line + "b\""), HasSubstr("control character"));
  }
}

TEST_F(LineProtocolTest, RefusesLinesBeyondTheLimit) {
  std::string line = "report b/s up reporter=a reason=";
  line.resize(4096, 'x');
  EXPECT_EQ(KindOf(line), Line::Kind::kReport);
  EXPECT_THAT(Refuse(line + "x"), HasSubstr("longer than 4096 bytes"));
}

TEST_F(LineProtocolTest, KnowsItsOtherCommandsAndNoMore) {
  EXPECT_EQ(KindOf("auth secret"), Line::Kind::kAuth);
  EXPECT_EQ(KindOf("help"), Line::Kind::kHelp);
  EXPECT_EQ(KindOf("quit"), Line::Kind::kQuit);
  EXPECT_EQ(KindOf(""), Line::Kind::kEmpty);
  EXPECT_EQ(KindOf("   "), Line::Kind::kEmpty);
  EXPECT_THAT(Refuse("reprot b/s up reporter=a"), StartsWith("unknown command \"reprot\""));
  EXPECT_THAT(Refuse("HELP"), StartsWith("unknown command"));
  EXPECT_THAT(Refuse("quit now"), StartsWith("quit: nothing may follow"));
  // Tokens are not repeated.
  EXPECT_EQ(Refuse("auth"), "auth: want exactly one word, the token");
  EXPECT_EQ(Refuse("auth my secret"), "auth: want exactly one word, the token");
  EXPECT_EQ(Refuse("auth " + std::string(1025, 'x')), "auth: the token is longer than 1024 bytes");
}

TEST_F(LineProtocolTest, SpacesMayRepeatAndSurround) {
  EXPECT_EQ(Accept("  report   b/s  up   reporter=a  ").reporter, "a");
}

TEST_F(LineProtocolTest, ErrorsStayShortAndOnOneLineWhateverWasSent) {
  const std::string word(4000, '\xff');
  EXPECT_LT(Refuse(word).size(), 1'200);
}

}  // namespace
}  // namespace fairlead::health
