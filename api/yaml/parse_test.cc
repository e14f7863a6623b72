#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "api/yaml/concat.h"
#include "api/yaml/yaml.h"
#include "fairlead/v1/resources.pb.h"
#include "fairlead/v1/transaction.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "yaml/all_types.pb.h"

namespace fairlead::api {
namespace {

using google::protobuf::util::MessageDifferencer;

testing::AllTypes Parse(std::string_view text) {
  testing::AllTypes message;
  EXPECT_EQ(ParseYaml(text, {}, &message), absl::OkStatus());
  return message;
}

v1::Snapshot ParseExample(const std::string& name) {
  std::ifstream file("docs/examples/" + name);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(text.empty());
  v1::Snapshot snapshot;
  EXPECT_EQ(ParseYaml(text, {.file_name = name, .base_directory = ""}, &snapshot), absl::OkStatus());
  return snapshot;
}

TEST(ParseYaml, ReadsTheQuickstartAsItStands) {
  const v1::Snapshot snapshot = ParseExample("quickstart.yaml");
  ASSERT_EQ(snapshot.listeners_size(), 1);
  EXPECT_EQ(snapshot.listeners(0).address(), "127.0.0.1:8080");
  EXPECT_EQ(snapshot.listeners(0).http().route_table(), "main");
  ASSERT_EQ(snapshot.backends_size(), 3);
  ASSERT_EQ(snapshot.backends(0).servers_size(), 3);
  EXPECT_EQ(snapshot.backends(0).servers(2).id(), "w3");
  EXPECT_EQ(snapshot.backends(0).servers(2).weight(), 100u);
  EXPECT_EQ(snapshot.backends(0).servers(2).admin_state(), v1::Server::DRAIN);
  EXPECT_FALSE(snapshot.backends(1).servers(0).has_weight());
  EXPECT_EQ(snapshot.backends(1).load_balancing().policy(), v1::LoadBalancing::LEAST_REQUEST);
  EXPECT_EQ(snapshot.route_tables(0).virtual_hosts(0).domains(0), "*");
  EXPECT_EQ(snapshot.route_tables(0).virtual_hosts(0).rules(0).match().path_prefix(), "/api/");
  ASSERT_EQ(snapshot.health_size(), 1);
  EXPECT_EQ(snapshot.health(0).status(), v1::Health::DOWN);
  EXPECT_EQ(snapshot.health(0).reason(), "connection refused");
}

TEST(ParseYaml, ReadsTheTcpExampleAsItStands) {
  const v1::Snapshot snapshot = ParseExample("tcp.yaml");
  ASSERT_EQ(snapshot.listeners_size(), 3);
  EXPECT_EQ(snapshot.listeners(1).address(), "unix:/run/fairlead/local.sock");
  EXPECT_EQ(snapshot.listeners(2).proxy_protocol().trusted_sources(1), "::1/128");
  const v1::VirtualHost& host = snapshot.route_tables(0).virtual_hosts(0);
  EXPECT_EQ(host.rules(0).redirect().status(), 308u);
  EXPECT_EQ(host.rules(1).respond().body(), "back soon\n");
  EXPECT_EQ(host.rules(2).match().methods(1), "HEAD");
  EXPECT_EQ(host.rules(2).timeout().seconds(), 5);
  EXPECT_EQ(snapshot.backends(0).send_proxy_protocol(), v1::ProxyProtocol::V2);
}

TEST(ParseYaml, ReadsEveryTypeOfTheJsonMapping) {
  const testing::AllTypes message = Parse(R"(
int32: -2147483648
int64: "-9223372036854775808"
uint32: "4294967295"
uint64: 18446744073709551615
sint64: -1
fixed32: 1e3
double: 0.1
float: -Infinity
bool: true
string: text
bytes: +/8=
color: GREEN
duration: 250ms
timestamp: 2026-11-23T13:00:00.5Z
message: {int32: 1, message: {int32: 2}}
optional_uint32: 0
one_string: ""
int32s: [1, -2]
strings: [a, "b"]
messages: [{int32: 3}, {}]
colors: [GREEN, RED, 1]
string_map: {a: x, "8080": "y"}
message_map: {-5: {int32: 6}}
bool_map: {true: 0.5}
)");
  EXPECT_EQ(message.int32(), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(message.int64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(message.uint32(), std::numeric_limits<uint32_t>::max());
  EXPECT_EQ(message.uint64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(message.sint64(), -1);
  EXPECT_EQ(message.fixed32(), 1000u);
  EXPECT_EQ(message.double_(), 0.1);
  EXPECT_TRUE(std::isinf(message.float_()));
  EXPECT_TRUE(message.bool_());
  EXPECT_EQ(message.string(), "text");
  EXPECT_EQ(message.bytes(), "\xfb\xff");
  EXPECT_EQ(message.color(), testing::AllTypes::GREEN);
  EXPECT_EQ(message.duration().nanos(), 250'000'000);
  EXPECT_EQ(message.timestamp().seconds(), 1795438800);
  EXPECT_EQ(message.timestamp().nanos(), 500'000'000);
  EXPECT_EQ(message.message().message().int32(), 2);
  EXPECT_TRUE(message.has_optional_uint32());
  EXPECT_EQ(message.one_case(), testing::AllTypes::kOneString);
  EXPECT_EQ(message.int32s(1), -2);
  EXPECT_EQ(message.strings(1), "b");
  ASSERT_EQ(message.messages_size(), 2);
  EXPECT_EQ(message.messages(0).int32(), 3);
  EXPECT_EQ(message.colors(2), testing::AllTypes::GREEN);
  EXPECT_EQ(message.string_map().at("8080"), "y");
  EXPECT_EQ(message.message_map().at(-5).int32(), 6);
  EXPECT_EQ(message.bool_map().at(true), 0.5);
}

TEST(ParseYaml, TakesATextForAStringWhateverItLooksLike) {
  const testing::AllTypes message = Parse("strings: [8080, true, 1.10, 2026-11-23, 'no', 'null', '~']");
  const std::vector<std::string> strings(message.strings().begin(), message.strings().end());
  EXPECT_EQ(strings, (std::vector<std::string>{"8080", "true", "1.10", "2026-11-23", "no", "null", "~"}));
}

TEST(ParseYaml, AnEmptyTextIsAnEmptyMessage) {
  for (std::string_view text : {"", "\n", "# nothing\n", "---\n", "{}", "null", "\xef\xbb\xbf"}) {
    testing::AllTypes message;
    message.set_int32(1);
    EXPECT_EQ(ParseYaml(text, {}, &message), absl::OkStatus()) << text;
    EXPECT_TRUE(MessageDifferencer::Equals(message, testing::AllTypes())) << text;
  }
}

TEST(ParseYaml, MessagesListsAndMapsMayBeLeftWithoutAValue) {
  const testing::AllTypes message = Parse("message:\nint32s:\nstring_map: ~\nduration: null\none_message:\n");
  EXPECT_TRUE(MessageDifferencer::Equals(message, testing::AllTypes()));
}

TEST(ParseYaml, AnEmptyMessageIsThere) { EXPECT_TRUE(Parse("message: {}").has_message()); }

TEST(ParseYaml, TakesAWholeMessageFromTheMemberOfAOneof) {
  EXPECT_EQ(Parse("one_message: {int32: 4}").one_message().int32(), 4);
}

TEST(ParseYaml, ReadsJson) {
  const testing::AllTypes message = Parse("{\n\t\"int32\": 1,\n\t\"strings\": [\"a\\u00fcb\\/\"]\n}\n");
  EXPECT_EQ(message.int32(), 1);
  EXPECT_EQ(message.strings(0), "aüb/");
}

TEST(ParseYaml, ReadsBlocksAndCarriageReturns) {
  EXPECT_EQ(Parse("string: |\n  a\n  b\n").string(), "a\nb\n");
  EXPECT_EQ(Parse("int32: 1\r\nstring: x\r\n").string(), "x");
}

TEST(ParseYaml, ReadsAWholeTransaction) {
  v1::Transaction transaction;
  ASSERT_EQ(ParseYaml(R"(
id: t1
base_revision: 7
operations:
  - upsert_server: {backend: web, server: {id: w1, address: "10.0.0.1:80", labels: {rack: 12}}}
  - remove_server: {backend: web, server: w2}
  - remove_backend: old
)",
                      {}, &transaction),
            absl::OkStatus());
  EXPECT_EQ(transaction.base_revision(), 7u);
  EXPECT_EQ(transaction.operations(0).upsert_server().server().labels().at("rack"), "12");
  EXPECT_EQ(transaction.operations(2).remove_backend(), "old");
}

}  // namespace
}  // namespace fairlead::api
