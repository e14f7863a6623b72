#include "api/diff/describe.h"

#include <gtest/gtest.h>

#include "api/yaml/utf8.h"
#include "api/yaml/yaml.h"

namespace fairlead::api {
namespace {

std::string Describe(std::string_view yaml) {
  v1::Operation operation;
  EXPECT_EQ(ParseYaml(yaml, {}, &operation), absl::OkStatus());
  return DescribeOperation(operation);
}

TEST(DescribeOperation, NamesWhatIsChangedAndHow) {
  EXPECT_EQ(Describe("upsert_listener: {id: l, address: a}"), "upsert listener l {address: a}");
  EXPECT_EQ(Describe("remove_listener: l"), "remove listener l");
  EXPECT_EQ(Describe("upsert_route_table: {id: r}"), "upsert route table r {}");
  EXPECT_EQ(Describe("remove_route_table: r"), "remove route table r");
  EXPECT_EQ(Describe("upsert_backend: {id: b, protocol: HTTP2}"), "upsert backend b {protocol: HTTP2}");
  EXPECT_EQ(Describe("remove_backend: b"), "remove backend b");
  EXPECT_EQ(Describe("upsert_server: {backend: b, server: {id: s, weight: 0}}"), "upsert server b/s {weight: 0}");
  EXPECT_EQ(Describe("remove_server: {backend: b, server: s}"), "remove server b/s");
  EXPECT_EQ(Describe("remove_certificate: c"), "remove certificate c");
  EXPECT_EQ(Describe("remove_trust_bundle: t"), "remove trust bundle t");
  EXPECT_EQ(Describe("remove_ticket_keys: k"), "remove ticket keys k");
  EXPECT_EQ(Describe("upsert_reporter: {id: p, weight: 2}"), "upsert reporter p {weight: 2}");
  EXPECT_EQ(Describe("remove_reporter: p"), "remove reporter p");
  EXPECT_EQ(Describe("upsert_scope: {id: s, everyone_else: true}"), "upsert scope s {everyone_else: true}");
  EXPECT_EQ(Describe("remove_scope: s"), "remove scope s");
  EXPECT_EQ(Describe("set_health: {backend: b, server: s, status: DOWN, reason: \"no answer\"}"),
            "set health of b/s {status: DOWN, reason: \"no answer\"}");
  EXPECT_EQ(Describe("set_health: {backend: b, server: s}"), "take back the health of b/s");
  EXPECT_EQ(Describe("{}"), "nothing");
}

TEST(DescribeOperation, ShowsNoSecrets) {
  EXPECT_EQ(Describe("upsert_certificate: {id: c, key: {inline_string: secret}}"), "upsert certificate c");
  EXPECT_EQ(Describe("upsert_trust_bundle: {id: t, roots: {inline_string: long}}"), "upsert trust bundle t");
  EXPECT_EQ(Describe("upsert_ticket_keys: {id: k, keys: [{key: {inline_string: secret}}]}"), "upsert ticket keys k");
}

TEST(DescribeOperation, EndsWithinALineAtTheEndOfACharacter) {
  for (int shift = 0; shift < 3; ++shift) {
    v1::Operation operation;
    operation.mutable_set_health()->set_status(v1::Health::UP);
    std::string reason(static_cast<size_t>(shift), 'a');
    for (int i = 0; i < 100; ++i) reason += "ü";
    operation.mutable_set_health()->set_reason(reason);
    const std::string line = DescribeOperation(operation);
    EXPECT_LE(line.size(), 160u);
    EXPECT_GE(line.size(), 158u);
    EXPECT_TRUE(line.ends_with("ü…")) << line;
    EXPECT_EQ(FindInvalidUtf8(line), std::string_view::npos);
  }
}

}  // namespace
}  // namespace fairlead::api
