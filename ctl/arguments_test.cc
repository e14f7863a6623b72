#include "ctl/arguments.h"

#include <gtest/gtest.h>

namespace fairlead::ctl {
namespace {

const std::vector<Flag> kFlags = {{.name = "address", .value = "HOST:PORT", .help = ""},
                                  {.name = "file", .value = "FILE", .help = "", .letter = 'f', .repeated = true},
                                  {.name = "dry_run", .value = "", .help = ""}};
using Words = std::vector<std::string>;

Arguments Parse(const Words& arguments) {
  const absl::StatusOr<Arguments> parsed = Arguments::Parse(arguments, kFlags);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : Arguments();
}

std::string ErrorOf(const Words& arguments) {
  const absl::Status status = Arguments::Parse(arguments, kFlags).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(Arguments, TakeFlagsBeforeAndAfterTheCommandInBothForms) {
  for (const Words& words : {Words{"--address", "a:1", "get", "x"}, Words{"get", "--address=a:1", "x"},
                             Words{"get", "x", "--address", "a:1"}}) {
    const Arguments parsed = Parse(words);
    EXPECT_EQ(parsed.words(), (Words{"get", "x"}));
    EXPECT_EQ(parsed.Get("address", ""), "a:1");
  }
}

TEST(Arguments, TakeLettersWithTheirValueBesideOrBehind) {
  EXPECT_EQ(Parse({"-f", "a", "-fb", "-f=c", "--file", "d"}).GetAll("file"), (Words{"a", "b", "c", "d"}));
}

TEST(Arguments, ADashIsAWordAndAValue) {
  EXPECT_EQ(Parse({"-f", "-"}).GetAll("file"), Words{"-"});
  EXPECT_EQ(Parse({"-"}).words(), Words{"-"});
}

TEST(Arguments, AfterTwoDashesAreWordsAlone) {
  EXPECT_EQ(Parse({"--", "--address", "-f"}).words(), (Words{"--address", "-f"}));
}

TEST(Arguments, ASwitchTakesNoWord) {
  const Arguments parsed = Parse({"--dry_run", "true"});
  EXPECT_TRUE(parsed.IsOn("dry_run"));
  EXPECT_EQ(parsed.words(), Words{"true"});
  EXPECT_FALSE(Parse({"--dry_run=false"}).IsOn("dry_run"));
  EXPECT_FALSE(Parse({}).IsOn("dry_run"));
}

TEST(Arguments, AnEmptyValueIsAValue) {
  EXPECT_TRUE(Parse({"--address="}).Has("address"));
  EXPECT_EQ(Parse({"--address", ""}).Get("address", "x"), "");
  EXPECT_EQ(Parse({}).Get("address", "x"), "x");
}

TEST(Arguments, KnowWhichFlagsWereGiven) { EXPECT_EQ(Parse({"-fa", "--dry_run"}).given(), (Words{"dry_run", "file"})); }

TEST(Arguments, RefuseUnknownFlagsAndNameTheNearest) {
  EXPECT_EQ(ErrorOf({"--dry-run"}), "unknown flag --dry-run; did you mean --dry_run?");
  EXPECT_EQ(ErrorOf({"--adress=x"}), "unknown flag --adress; did you mean --address?");
  EXPECT_EQ(ErrorOf({"--colour"}), "unknown flag --colour");
  EXPECT_EQ(ErrorOf({"-x"}), "unknown flag -x");
}

TEST(Arguments, RefuseMissingWrongAndRepeatedValues) {
  EXPECT_EQ(ErrorOf({"--address"}), "--address needs a value: HOST:PORT");
  EXPECT_EQ(ErrorOf({"-f"}), "-f needs a value: FILE");
  EXPECT_EQ(ErrorOf({"--dry_run=maybe"}), "--dry_run is true or false, not \"maybe\"");
  EXPECT_EQ(ErrorOf({"--address=a", "--address=b"}), "--address is given twice");
}

}  // namespace
}  // namespace fairlead::ctl
