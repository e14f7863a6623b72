#include "api/yaml/scalars.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fairlead::api {
namespace {

TEST(ParseSigned, TakesWholeDecimalNumbers) {
  EXPECT_EQ(ParseSigned("0"), 0);
  EXPECT_EQ(ParseSigned("-17"), -17);
  EXPECT_EQ(ParseSigned("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseSigned("-9223372036854775808"), std::numeric_limits<int64_t>::min());
}

TEST(ParseSigned, TakesExponentsAndFractionsOfZeroAsTheJsonMappingAsks) {
  EXPECT_EQ(ParseSigned("1e3"), 1000);
  EXPECT_EQ(ParseSigned("-5.0"), -5);
  EXPECT_EQ(ParseSigned("2.5e1"), 25);
  EXPECT_EQ(ParseSigned("2.5"), std::nullopt);
  EXPECT_EQ(ParseSigned("1e16"), std::nullopt) << "beyond 2^53 a double would round";
}

TEST(ParseSigned, RefusesWhatReadersTakeDifferently) {
  for (const char* text : {"", "-", "+5", "010", "-01", "0x10", "1_000", " 1", "1 ", "1,000", "9223372036854775808",
                           "one", "1e", "e5", ".5e1", "5.", "NaN", "Infinity", "--1"}) {
    EXPECT_EQ(ParseSigned(text), std::nullopt) << text;
  }
}

TEST(ParseUnsigned, HasTheWholeRangeAndNoSign) {
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ParseUnsigned("18446744073709551616"), std::nullopt);
  EXPECT_EQ(ParseUnsigned("-1"), std::nullopt);
  EXPECT_EQ(ParseUnsigned("-1e2"), std::nullopt);
  EXPECT_EQ(ParseUnsigned("-0"), std::nullopt);
}

TEST(ParseDouble, TakesJsonNumbersAndTheNamesOfTheOthers) {
  EXPECT_EQ(ParseDouble("0.5"), 0.5);
  EXPECT_EQ(ParseDouble("-2E-3"), -0.002);
  EXPECT_EQ(ParseDouble("7"), 7);
  EXPECT_EQ(ParseDouble("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(ParseDouble("NaN").value()));
  for (const char* text : {"", ".5", "1.", "01", "+1", "1e", "1e400", "inf", "nan", "0x1p3", "1 "}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
}

TEST(ParseBase64, TakesBothAlphabetsWithAndWithoutPadding) {
  const std::string bytes = "\xfb\xff";
  EXPECT_EQ(ParseBase64("+/8="), bytes);
  EXPECT_EQ(ParseBase64("-_8="), bytes);
  EXPECT_EQ(ParseBase64("+/8"), bytes);
  EXPECT_EQ(ParseBase64(""), "");
  EXPECT_EQ(ParseBase64("a"), std::nullopt);
  EXPECT_EQ(ParseBase64("%%%%"), std::nullopt);
}

void ExpectDuration(std::string_view text, int64_t seconds, int32_t nanos) {
  const auto duration = ParseDuration(text);
  ASSERT_TRUE(duration.has_value()) << text;
  EXPECT_EQ(duration->seconds, seconds) << text;
  EXPECT_EQ(duration->nanos, nanos) << text;
}

TEST(ParseDuration, TakesSecondsMillisecondsMinutesAndHours) {
  ExpectDuration("5s", 5, 0);
  ExpectDuration("0.25s", 0, 250'000'000);
  ExpectDuration("1.000000001s", 1, 1);
  ExpectDuration("250ms", 0, 250'000'000);
  ExpectDuration("1500ms", 1, 500'000'000);
  ExpectDuration("0.5ms", 0, 500'000);
  ExpectDuration("1m", 60, 0);
  ExpectDuration("1.5h", 5400, 0);
  ExpectDuration("-1.5s", -1, -500'000'000);
  ExpectDuration("315576000000s", 315'576'000'000, 0);
}

TEST(ParseDuration, RefusesOtherForms) {
  for (const char* text : {"", "5", "s", "5 s", "5S", "1m30s", "5sec", ".5s", "5.s", "1.0000000001s", "1e3s", "+5s",
                           "--5s", "315576000001s", "99999999999999999999s", "18446744073709551615h", "5us"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(FormatDuration, IsTheShortestFormThatReadsBackTheSame) {
  EXPECT_EQ(FormatDuration({5, 0}), "5s");
  EXPECT_EQ(FormatDuration({86400, 0}), "86400s");
  EXPECT_EQ(FormatDuration({0, 0}), "0s");
  EXPECT_EQ(FormatDuration({0, 250'000'000}), "250ms");
  EXPECT_EQ(FormatDuration({0, -250'000'000}), "-250ms");
  EXPECT_EQ(FormatDuration({1, 500'000'000}), "1.5s");
  EXPECT_EQ(FormatDuration({-1, -500'000'000}), "-1.5s");
  EXPECT_EQ(FormatDuration({0, 1}), "0.000000001s");
}

TEST(FormatDouble, IsTheShortestFormThatReadsBackTheSame) {
  EXPECT_EQ(FormatDouble(0.1), "0.1");
  EXPECT_EQ(FormatDouble(1e300), "1e+300");
  EXPECT_EQ(FormatFloat(0.1f), "0.1");
  EXPECT_EQ(FormatDouble(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(FormatFloat(-std::numeric_limits<float>::infinity()), "-Infinity");
  EXPECT_EQ(FormatDouble(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

}  // namespace
}  // namespace fairlead::api
