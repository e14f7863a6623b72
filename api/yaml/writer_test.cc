#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "api/yaml/yaml.h"
#include "fairlead/v1/resources.pb.h"
#include "fairlead/v1/transaction.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "yaml/all_types.pb.h"

namespace fairlead::api {
namespace {

using google::protobuf::util::MessageDifferencer;

TEST(ToYaml, WritesSmallMessagesInBracesAndTheRestAsBlocks) {
  std::ifstream file("docs/examples/quickstart.yaml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  v1::Snapshot snapshot;
  ASSERT_EQ(ParseYaml(text, {}, &snapshot), absl::OkStatus());
  EXPECT_EQ(ToYaml(snapshot), R"(listeners:
  - id: web
    address: 127.0.0.1:8080
    http: {route_table: main}

route_tables:
  - id: main
    virtual_hosts:
      - id: all
        domains: ["*"]
        rules:
          - id: api
            match: {path_prefix: /api/}
            backends:
              - {backend: api-v1, weight: 90}
              - {backend: api-v2, weight: 10}
          - id: rest
            match: {path_prefix: /}
            backends:
              - {backend: web}

backends:
  - id: web
    servers:
      - {id: w1, address: "127.0.0.1:9001", weight: 100}
      - {id: w2, address: "127.0.0.1:9002", weight: 50}
      - {id: w3, address: "127.0.0.1:9003", weight: 100, admin_state: DRAIN}
    load_balancing: {}
  - id: api-v1
    servers:
      - {id: a1, address: "127.0.0.1:9004"}
    load_balancing: {policy: LEAST_REQUEST}
  - id: api-v2
    servers:
      - {id: a2, address: "127.0.0.1:9005"}

health:
  - {backend: web, server: w2, status: DOWN, reason: "connection refused"}
)");
}

TEST(ToYaml, WritesATextOfSeveralLinesAsABlock) {
  v1::Certificate certificate;
  certificate.set_id("site");
  certificate.mutable_chain()->set_inline_string("-----BEGIN\nabc\n\n  def\n");
  certificate.mutable_key()->set_inline_string("a\nb");
  EXPECT_EQ(ToYaml(certificate), R"(id: site
chain:
  inline_string: |
    -----BEGIN
    abc

      def
key:
  inline_string: |-
    a
    b
)");
}

TEST(ToYaml, SplitsWhatIsTooWideForALine) {
  testing::AllTypes message;
  for (int i = 0; i < 3; ++i) message.add_strings(std::string(50, 'a'));
  (*message.mutable_string_map())["key"] = std::string(120, 'b');
  const std::string item = "  - " + std::string(50, 'a') + "\n";
  EXPECT_EQ(ToYaml(message), "strings:\n" + item + item + item + "string_map:\n  key: " + std::string(120, 'b') + "\n");
}

TEST(ToYaml, AnEmptyMessageIsThereToo) {
  EXPECT_EQ(ToYaml(v1::Snapshot()), "{}\n");
  EXPECT_EQ(ToYaml(v1::Snapshot(), {.one_line = true}), "{}");
}

TEST(ToYaml, OnOneLine) {
  v1::Operation operation;
  operation.mutable_upsert_server()->set_backend("web");
  operation.mutable_upsert_server()->mutable_server()->set_id("w1");
  (*operation.mutable_upsert_server()->mutable_server()->mutable_labels())["b"] = "2\n";
  (*operation.mutable_upsert_server()->mutable_server()->mutable_labels())["a"] = "x";
  EXPECT_EQ(ToYaml(operation, {.one_line = true}),
            "{upsert_server: {backend: web, server: {id: w1, labels: {a: x, b: \"2\\n\"}}}}");
}

TEST(ToYaml, ShowsDefaultsToWhoAsksForThem) {
  v1::ServerRef reference;
  EXPECT_EQ(ToYaml(reference, {.print_defaults = true}), "backend: \"\"\nserver: \"\"\n");
  v1::WeightedBackend weighted;
  EXPECT_EQ(ToYaml(weighted, {.print_defaults = true}), "backend: \"\"\n")
      << "an optional field that is not set is absent";
}

TEST(ToJson, HasTheProtosFieldNamesAndTheMappingsValues) {
  v1::Applied applied;
  applied.set_transaction_id("t");
  applied.set_revision(7);
  applied.mutable_duration()->set_nanos(1'500'000);
  EXPECT_EQ(ToJson(applied, {.one_line = true}).value(),
            R"({"transaction_id":"t","revision":"7","duration":"0.001500s"})");
  EXPECT_EQ(ToJson(applied).value(),
            "{\n \"transaction_id\": \"t\",\n \"revision\": \"7\",\n \"duration\": \"0.001500s\"\n}\n");
  EXPECT_EQ(ToJson(v1::ServerRef(), {.one_line = true, .print_defaults = true}).value(),
            R"({"backend":"","server":""})");
}

TEST(ToJson, RefusesWhatHasNoJsonForm) {
  v1::Applied applied;
  applied.mutable_duration()->set_seconds(1'000'000'000'000);
  EXPECT_EQ(ToJson(applied).status().code(), absl::StatusCode::kInvalidArgument);
}

// Random messages: what is written is read back as the same.
class RandomMessage {
 public:
  explicit RandomMessage(unsigned seed) : random_(seed) {}

  testing::AllTypes Make(int depth) {
    testing::AllTypes message;
    if (Chance()) message.set_int32(static_cast<int32_t>(random_()));
    if (Chance()) message.set_int64(static_cast<int64_t>(random_()));
    if (Chance()) message.set_uint64(random_());
    if (Chance())
      message.set_double_(std::ldexp(static_cast<double>(random_()), static_cast<int>(random_() % 200) - 100));
    if (Chance())
      message.set_float_(std::ldexp(static_cast<float>(random_() % 1000), static_cast<int>(random_() % 40) - 20));
    if (Chance()) message.set_bool_(Chance());
    if (Chance()) message.set_string(Text());
    if (Chance()) message.set_bytes(std::string(random_() % 5, static_cast<char>(random_())));
    if (Chance()) message.set_color(testing::AllTypes::GREEN);
    if (Chance()) message.mutable_duration()->set_seconds(static_cast<int64_t>(random_() % 1000));
    if (Chance()) message.mutable_duration()->set_nanos(static_cast<int32_t>(random_() % 1'000'000'000));
    if (Chance()) message.mutable_timestamp()->set_seconds(static_cast<int64_t>(random_() % 4'000'000'000));
    if (Chance()) message.set_optional_uint32(static_cast<uint32_t>(random_() % 2));
    if (Chance()) message.set_one_string(Text());
    for (size_t i = random_() % 4; i > 0; --i) message.add_int32s(static_cast<int32_t>(random_()));
    for (size_t i = random_() % 4; i > 0; --i) message.add_strings(Text());
    for (size_t i = random_() % 4; i > 0; --i) message.add_colors(testing::AllTypes::Color(random_() % 2));
    for (size_t i = random_() % 4; i > 0; --i) (*message.mutable_string_map())[Text()] = Text();
    for (size_t i = random_() % 3; i > 0; --i) (*message.mutable_bool_map())[Chance()] = 0.5;
    if (depth == 0) return message;
    if (Chance()) *message.mutable_message() = Make(depth - 1);
    if (Chance()) *message.mutable_one_message() = Make(depth - 1);
    for (size_t i = random_() % 3; i > 0; --i) *message.add_messages() = Make(depth - 1);
    for (size_t i = random_() % 3; i > 0; --i) {
      (*message.mutable_message_map())[static_cast<int64_t>(random_())] = Make(depth - 1);
    }
    return message;
  }

 private:
  bool Chance() { return random_() % 2 == 0; }

  // Pieces that mean something to YAML, put together.
  std::string Text() {
    static constexpr const char* kPieces[] = {
        "a", "web", " ",  "\n", ":",  ": ", "-", "- ", "#",    "0",    "1.5",    "no",   "\"",  "'",     "\\",   "{",
        "}", "[",   "]",  ",",  "|",  ">",  "&", "*",  "!",    "%",    "@",      "`",    "\t",  "\r",    "\x01", "~",
        "ü", "?",   "<<", "=",  "🙂", "/",  "_", ".",  "null", "true", "\u2028", "\x7f", "---", "\u0085"};
    std::string text;
    for (size_t i = random_() % 6; i > 0; --i) text += kPieces[random_() % std::size(kPieces)];
    return text;
  }

  std::mt19937_64 random_;
};

TEST(ToYaml, IsReadBackAsTheSame) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const testing::AllTypes written = RandomMessage(seed).Make(2);
    for (const TextStyle style : {TextStyle{}, TextStyle{.one_line = true}, TextStyle{.print_defaults = true}}) {
      const std::string text = ToYaml(written, style);
      testing::AllTypes read;
      ASSERT_EQ(ParseYaml(text, {}, &read), absl::OkStatus()) << "seed " << seed << "\n" << text;
      ASSERT_TRUE(MessageDifferencer::Equals(written, read)) << "seed " << seed << "\n" << text;
    }
  }
}

TEST(ToJson, IsReadBackAsTheSame) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const testing::AllTypes written = RandomMessage(seed).Make(1);
    const std::string text = ToJson(written).value();
    testing::AllTypes read;
    ASSERT_EQ(ParseYaml(text, {}, &read), absl::OkStatus()) << "seed " << seed << "\n" << text;
    ASSERT_TRUE(MessageDifferencer::Equals(written, read)) << "seed " << seed << "\n" << text;
  }
}

}  // namespace
}  // namespace fairlead::api
