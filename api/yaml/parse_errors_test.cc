#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/yaml/yaml.h"
#include "fairlead/v1/resources.pb.h"
#include "yaml/all_types.pb.h"

namespace fairlead::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The lines of the error that parsing `text` gives.
std::string ProblemsOf(std::string_view text, google::protobuf::Message&& message) {
  const absl::Status status = ParseYaml(text, {.file_name = "f.yaml", .base_directory = ""}, &message);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}
std::string ProblemsOf(std::string_view text) { return ProblemsOf(text, testing::AllTypes()); }
std::string SnapshotProblemsOf(std::string_view text) { return ProblemsOf(text, v1::Snapshot()); }

TEST(ParseYamlErrors, NameAnUnknownFieldWithItsLineItsPathAndTheKnownOnes) {
  EXPECT_EQ(
      SnapshotProblemsOf("backends:\n  - id: web\n    servers:\n      - {id: w1}\n      - id: w2\n        wieght: 5\n"),
      "f.yaml:6: backends[0].servers[1].wieght: unknown field; did you mean \"weight\"? known: id, address, weight, "
      "admin_state, labels, zone, priority, max_connections, max_requests");
}

TEST(ParseYamlErrors, RefuseCamelCase) {
  EXPECT_THAT(SnapshotProblemsOf("routeTables: []"),
              StartsWith("f.yaml:1: routeTables: unknown field; did you mean \"route_tables\"? known: listeners,"));
}

TEST(ParseYamlErrors, NameARepeatedKeyAndItsFirstLine) {
  EXPECT_EQ(ProblemsOf("int32: 1\nstring: a\nint32: 2\n"), "f.yaml:3: int32: repeated key, first in line 1");
  EXPECT_EQ(ProblemsOf("string_map:\n  a: x\n  b: y\n  a: z\n"),
            "f.yaml:4: string_map[\"a\"]: repeated key, first in line 2");
  EXPECT_EQ(ProblemsOf("messages: [{message: {int32: 1, int32: 1}}]"),
            "f.yaml:1: messages[0].message.int32: repeated key, first in line 1");
}

TEST(ParseYamlErrors, NameTheSecondMemberOfAOneof) {
  EXPECT_EQ(ProblemsOf("one_string: a\none_message: {}\n"),
            "f.yaml:2: one_message: can't stand beside \"one_string\" (line 1): only one of them");
}

TEST(ParseYamlErrors, NameValuesOfTheWrongType) {
  EXPECT_EQ(ProblemsOf("int32: abc"),
            "f.yaml:1: int32: expected a whole number from -2147483648 to 2147483647, not \"abc\"");
  EXPECT_EQ(ProblemsOf("uint32: -1"), "f.yaml:1: uint32: expected a whole number from 0 to 4294967295, not \"-1\"");
  EXPECT_EQ(ProblemsOf("uint32: 4294967296"),
            "f.yaml:1: uint32: expected a whole number from 0 to 4294967295, not \"4294967296\"");
  EXPECT_EQ(ProblemsOf("int32: 3.5"),
            "f.yaml:1: int32: expected a whole number from -2147483648 to 2147483647, not \"3.5\"");
  EXPECT_EQ(ProblemsOf("bool: yes"), "f.yaml:1: bool: expected true or false, not \"yes\"");
  EXPECT_EQ(ProblemsOf("bool: \"true\""), "f.yaml:1: bool: expected true or false, not \"true\"");
  EXPECT_EQ(ProblemsOf("double: much"), "f.yaml:1: double: expected a number, not \"much\"");
  EXPECT_EQ(ProblemsOf("float: 1e39"), "f.yaml:1: float: expected a number, not \"1e39\"");
  EXPECT_EQ(ProblemsOf("bytes: ü"), "f.yaml:1: bytes: expected base64, not \"ü\"");
  EXPECT_EQ(ProblemsOf("duration: 5"),
            "f.yaml:1: duration: expected a duration like 5s, 0.25s, 250ms, 1m or 24h, not \"5\"");
  EXPECT_EQ(ProblemsOf("timestamp: now"),
            "f.yaml:1: timestamp: expected a time like 2026-11-23T13:00:00Z, not \"now\"");
  EXPECT_EQ(
      ProblemsOf("message_map: {a: {}}"),
      "f.yaml:1: message_map[\"a\"]: expected a whole number from -9223372036854775808 to 9223372036854775807, not "
      "\"a\"");
}

TEST(ParseYamlErrors, NameValuesOfTheWrongShape) {
  EXPECT_EQ(ProblemsOf("int32: [1]"), "f.yaml:1: int32: expected a single value, not a list");
  EXPECT_EQ(ProblemsOf("string: {a: b}"), "f.yaml:1: string: expected a single value, not a mapping");
  EXPECT_EQ(ProblemsOf("strings: a"), "f.yaml:1: strings: expected a list, not a single value");
  EXPECT_EQ(ProblemsOf("messages: {int32: 1}"), "f.yaml:1: messages: expected a list, not a mapping");
  EXPECT_EQ(ProblemsOf("message: 5"),
            "f.yaml:1: message: expected a mapping of the fields of AllTypes, not a single value");
  EXPECT_EQ(ProblemsOf("string_map: [a]"), "f.yaml:1: string_map: expected a mapping, not a list");
  EXPECT_EQ(ProblemsOf("duration: {seconds: 5}"), "f.yaml:1: duration: expected a single value, not a mapping");
  EXPECT_EQ(ProblemsOf("- int32: 1"), "f.yaml:1: expected a mapping of the fields of AllTypes, not a list");
  EXPECT_EQ(ProblemsOf("hello"), "f.yaml:1: expected a mapping of the fields of AllTypes, not a single value");
}

TEST(ParseYamlErrors, NameUnknownEnumValuesWithTheKnownOnes) {
  EXPECT_EQ(ProblemsOf("\ncolor: GREN\n"),
            "f.yaml:2: color: unknown value \"GREN\"; did you mean \"GREEN\"? known: RED, GREEN");
  EXPECT_EQ(ProblemsOf("color: 2"), "f.yaml:1: color: unknown value \"2\"; known: RED, GREEN");
  EXPECT_EQ(ProblemsOf("color: 4294967296"), "f.yaml:1: color: unknown value \"4294967296\"; known: RED, GREEN");
}

TEST(ParseYamlErrors, NameScalarsWithoutAValueAtTheirKey) {
  EXPECT_EQ(ProblemsOf("int32: 1\nstring:\n\n\nbool: true\n"),
            "f.yaml:2: string: has no value; give it one, or leave the key away");
  EXPECT_EQ(ProblemsOf("strings: [a, ~]"), "f.yaml:1: strings[1]: an item without a value");
  EXPECT_EQ(ProblemsOf("messages:\n  - ~\n"), "f.yaml:2: messages[0]: an item without a value");
  EXPECT_EQ(ProblemsOf("string_map: {a: }"),
            "f.yaml:1: string_map[\"a\"]: has no value; give it one, or leave the key away");
}

TEST(ParseYamlErrors, RefuseTypesThatNoMessageOfOursHas) {
  EXPECT_EQ(ProblemsOf("struct: x"), "f.yaml:1: struct: a google.protobuf.Struct can't be written in YAML");
}

TEST(ParseYamlErrors, RefuseAnchorsAliasesMergeKeysAndTags) {
  EXPECT_EQ(ProblemsOf("message: &a {int32: 1}\none_message: *a\n"),
            "f.yaml:1: anchors (&name) are not supported\nf.yaml:2: aliases (*name) are not supported");
  EXPECT_EQ(ProblemsOf("message:\n  <<: {int32: 1}\n"), "f.yaml:2: merge keys (<<) are not supported");
  EXPECT_EQ(ProblemsOf("string: !!binary abc"), "f.yaml:1: tags (!name) are not supported");
  EXPECT_EQ(ProblemsOf("? [a]\n: b\n"), "f.yaml:1: a key must be a word");
}

TEST(ParseYamlErrors, ABillionLaughsAreNotLaughed) {
  std::string text = "strings: &a0 [x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    text += "m" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 1; j < 10; ++j) text += ", " + alias;
    text += "]\n";
  }
  EXPECT_THAT(ProblemsOf(text), HasSubstr("f.yaml:1: anchors (&name) are not supported"));
}

TEST(ParseYamlErrors, RefuseASecondDocument) {
  EXPECT_EQ(
      ProblemsOf("int32: 1\n---\nint32: 2\n"),
      "f.yaml:2: a second document begins here, or what stands at the margin does not belong to the first; a file "
      "holds one document");
  EXPECT_THAT(ProblemsOf("int32: 1\n---\n"), StartsWith("f.yaml:2: a second document"));
}

TEST(ParseYamlErrors, NameSyntaxErrorsWithWhatCameBefore) {
  EXPECT_EQ(ProblemsOf("int32: x\nmessage: {int32: 1\n"),
            "f.yaml:1: int32: expected a whole number from -2147483648 to 2147483647, not \"x\"\n"
            "f.yaml:3: not YAML: end of map flow not found");
  EXPECT_EQ(ProblemsOf("string: a\n  b: c\n"), "f.yaml:2: not YAML: illegal map value");
  EXPECT_EQ(ProblemsOf("message:\n\t- a\n"), "f.yaml:2: not YAML: illegal block entry");
}

TEST(ParseYamlErrors, RefuseWhatIsNotText) {
  EXPECT_EQ(ProblemsOf("int32: 1\nstring: \xff\n"), "f.yaml:2: byte 0xff is not UTF-8");
  EXPECT_EQ(ProblemsOf("string: \xed\xa0\x80"), "f.yaml:1: byte 0xed is not UTF-8");
  EXPECT_EQ(ProblemsOf("\n\nstring: a\x04\nint32: 1\n"),
            "f.yaml:3: control character 0x04; in double quotes, write \"\\x04\"");
  EXPECT_EQ(ProblemsOf(std::string_view("\0i", 2)),
            "f.yaml:1: control character 0x00; in double quotes, write \"\\x00\"");
}

TEST(ParseYamlErrors, RefuseDeepNesting) {
  for (const char* bracket : {"[", "{a: ", "- ", "? "}) {
    std::string text = "strings: ";
    if (*bracket == '-' || *bracket == '?') text += "\n  ";
    for (int i = 0; i < 100'000; ++i) text += bracket;
    EXPECT_THAT(ProblemsOf(text), HasSubstr("nested too deeply")) << bracket;
  }
}

TEST(ParseYamlErrors, ComeAllAtOnceInTheOrderOfTheirLines) {
  EXPECT_EQ(ProblemsOf("int32: x\n"
                       "string: [a]\n"
                       "color: BLUE\n"
                       "int32: 1\n"
                       "strings: [~]\n"),
            "f.yaml:1: int32: expected a whole number from -2147483648 to 2147483647, not \"x\"\n"
            "f.yaml:2: string: expected a single value, not a list\n"
            "f.yaml:3: color: unknown value \"BLUE\"; known: RED, GREEN\n"
            "f.yaml:4: int32: repeated key, first in line 1\n"
            "f.yaml:5: strings[0]: an item without a value");
}

TEST(ParseYamlErrors, LeaveTheMessageAsItWas) {
  testing::AllTypes message;
  message.set_int32(7);
  EXPECT_FALSE(ParseYaml("string: a\nbool: maybe\n", {}, &message).ok());
  EXPECT_EQ(message.int32(), 7);
  EXPECT_EQ(message.string(), "");
}

TEST(ParseYamlErrors, AreCountedBeyondAHundred) {
  std::string text = "strings:\n";
  for (int i = 0; i < 1000; ++i) text += "  - [x]\n";
  EXPECT_THAT(ProblemsOf(text), HasSubstr("\nf.yaml: and 900 more"));
}

}  // namespace
}  // namespace fairlead::api
