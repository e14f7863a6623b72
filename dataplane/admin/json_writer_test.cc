#include "dataplane/admin/json_writer.h"

#include <string>

#include "gtest/gtest.h"

namespace fairlead::admin {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  JsonWriter(&out).String(text);
  return out;
}

TEST(JsonWriter, SeparatesValuesInObjectsAndArrays) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("a");
  json.Number(18'446'744'073'709'551'615u);
  json.Key("b");
  json.BeginArray();
  json.Bool(true);
  json.BeginObject();
  json.EndObject();
  json.BeginArray();
  json.EndArray();
  json.String("x");
  json.EndArray();
  json.Key("c");
  json.Bool(false);
  json.EndObject();
  EXPECT_EQ(out, R"({"a":18446744073709551615,"b":[true,{},[],"x"],"c":false})");
}

TEST(JsonWriter, BeginsValuesOnLinesOfTheirOwn) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  json.NewLine();
  json.Number(1);
  json.NewLine();
  json.Number(2);
  json.EndArray();
  EXPECT_EQ(out, "[\n1,\n2]");
}

TEST(JsonWriter, GoesOnInAnEmptiedString) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  json.Number(1);
  out.clear();
  json.Number(2);
  EXPECT_EQ(out, ",2");
}

TEST(JsonWriter, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(Quoted("say \"hi\" \\ /"), R"("say \"hi\" \\ /")");
  EXPECT_EQ(Quoted(std::string_view("\0\t\n\r\x1f\x7f", 6)), "\"\\u0000\\u0009\\u000a\\u000d\\u001f\x7f\"");
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("a\"b");
  json.Number(1);
  json.EndObject();
  EXPECT_EQ(out, "{\"a\\\"b\":1}");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(Quoted("caf\xc3\xa9 \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
  EXPECT_EQ(Quoted("caf\xe9"), "\"caf\xef\xbf\xbd\"");
  EXPECT_EQ(Quoted("\xc3\"x"), "\"\xef\xbf\xbd\\\"x\"");
  EXPECT_EQ(Quoted("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace fairlead::admin
