#include "api/diff/diff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "api/diff/apply_for_test.h"
#include "api/diff/describe.h"
#include "api/fingerprint/fingerprint.h"
#include "api/yaml/yaml.h"

namespace fairlead::api {
namespace {

v1::Snapshot Parse(std::string_view yaml) {
  v1::Snapshot snapshot;
  EXPECT_EQ(ParseYaml(yaml, {}, &snapshot), absl::OkStatus());
  return snapshot;
}

// The differences as people see them.
std::vector<std::string> Describe(std::string_view from, std::string_view to) {
  std::vector<std::string> lines;
  for (const v1::Operation& operation : Diff(Parse(from), Parse(to))) lines.push_back(DescribeOperation(operation));
  return lines;
}
using Lines = std::vector<std::string>;

constexpr std::string_view kWeb = R"(
listeners: [{id: l, address: "127.0.0.1:80", http: {route_table: main}}]
route_tables: [{id: main}]
backends:
  - {id: web, servers: [{id: w1, address: a, labels: {x: "1", y: "2"}}, {id: w2, address: b}]}
  - {id: api, servers: [{id: a1, address: c}]}
certificates: [{id: c}]
trust_bundles: [{id: t}]
health: [{backend: web, server: w1, status: DOWN}]
)";

TEST(Diff, OfTheSameIsNothing) { EXPECT_TRUE(Diff(Parse(kWeb), Parse(kWeb)).empty()); }

TEST(Diff, DoesNotSeeOrder) {
  EXPECT_EQ(Describe(kWeb, R"(
backends:
  - {id: api, servers: [{id: a1, address: c}]}
  - {id: web, servers: [{id: w2, address: b}, {id: w1, address: a, labels: {y: "2", x: "1"}}]}
health: [{backend: web, server: w1, status: DOWN}, {backend: web, server: w2}]
trust_bundles: [{id: t}]
certificates: [{id: c}]
route_tables: [{id: main}]
listeners: [{id: l, address: "127.0.0.1:80", http: {route_table: main}}]
)"),
            Lines());
}

TEST(Diff, FromNothingAddsEverything) {
  EXPECT_EQ(
      Describe("", kWeb),
      (Lines{"upsert listener l {address: \"127.0.0.1:80\", http: {route_table: main}}", "upsert route table main {}",
             "upsert certificate c", "upsert trust bundle t", "upsert backend web {}",
             "upsert server web/w1 {address: a, labels: {x: \"1\", \"y\": \"2\"}}", "upsert server web/w2 {address: b}",
             "upsert backend api {}", "upsert server api/a1 {address: c}", "set health of web/w1 {status: DOWN}"}));
}

TEST(Diff, ToNothingRemovesResourcesWithAllThatIsInThem) {
  EXPECT_EQ(Describe(kWeb, ""), (Lines{"remove listener l", "remove route table main", "remove certificate c",
                                       "remove trust bundle t", "remove backend web", "remove backend api"}));
}

TEST(Diff, OfAServerLeavesItsBackendAlone) {
  EXPECT_EQ(Describe("backends: [{id: web, servers: [{id: w1, weight: 1}, {id: w2}, {id: w3}]}]",
                     "backends: [{id: web, servers: [{id: w1, weight: 2}, {id: w3}, {id: w4}]}]"),
            (Lines{"upsert server web/w1 {weight: 2}", "upsert server web/w4 {}", "remove server web/w2"}));
}

TEST(Diff, OfABackendsSettingsLeavesItsServersAlone) {
  const v1::Snapshot from = Parse("backends: [{id: web, servers: [{id: w1}]}]");
  const v1::Snapshot to = Parse("backends: [{id: web, servers: [{id: w1}], load_balancing: {policy: RANDOM}}]");
  const std::vector<v1::Operation> operations = Diff(from, to);
  ASSERT_EQ(operations.size(), 1u);
  EXPECT_EQ(operations[0].upsert_backend().load_balancing().policy(), v1::LoadBalancing::RANDOM);
  EXPECT_EQ(operations[0].upsert_backend().servers_size(), 0);
}

TEST(Diff, SetsChangesAndTakesBackHealth) {
  EXPECT_EQ(
      Describe("backends: [{id: b, servers: [{id: s1}, {id: s2}, {id: s3}]}]\n"
               "health: [{backend: b, server: s1, status: UP}, {backend: b, server: s2, status: UP}]",
               "backends: [{id: b, servers: [{id: s1}, {id: s2}, {id: s3}]}]\n"
               "health: [{backend: b, server: s2, status: UP, reason: r}, {backend: b, server: s3, status: DOWN}]"),
      (Lines{"set health of b/s2 {status: UP, reason: r}", "set health of b/s3 {status: DOWN}",
             "take back the health of b/s1"}));
}

TEST(Diff, HealthGoesWithItsServer) {
  EXPECT_EQ(
      Describe("backends: [{id: b, servers: [{id: s1}, {id: s2}]}]\nhealth: [{backend: b, server: s1, status: UP}]",
               "backends: [{id: b, servers: [{id: s2}]}]"),
      (Lines{"remove server b/s1"}));
}

TEST(Diff, HealthOfStatusUnknownIsNone) {
  EXPECT_EQ(Describe("backends: [{id: b, servers: [{id: s}]}]\nhealth: [{backend: b, server: s, reason: x}]",
                     "backends: [{id: b, servers: [{id: s}]}]"),
            Lines());
}

TEST(Diff, TellsServersOfTwoBackendsApart) {
  EXPECT_EQ(
      Describe("backends: [{id: a, servers: [{id: s}]}, {id: b}]", "backends: [{id: a}, {id: b, servers: [{id: s}]}]"),
      (Lines{"remove server a/s", "upsert server b/s {}"}));
}

TEST(Diff, SeesUnknownFields) {
  v1::Snapshot from = Parse("backends: [{id: web, servers: [{id: w1}]}]");
  v1::Snapshot to = from;
  v1::Server* server = to.mutable_backends(0)->mutable_servers(0);
  server->GetReflection()->MutableUnknownFields(server)->AddVarint(1000, 7);
  const std::vector<v1::Operation> operations = Diff(from, to);
  ASSERT_EQ(operations.size(), 1u);
  EXPECT_EQ(operations[0].upsert_server().server().SerializeAsString(), server->SerializeAsString());
}

TEST(Diff, PassesOnWhatIsNamedTwiceSoThatItIsRejected) {
  EXPECT_EQ(Diff(v1::Snapshot(), Parse("route_tables: [{id: a}, {id: a}]")).size(), 2u);
}

// Ids are few, so that most of two states' resources meet.
class RandomSnapshot {
 public:
  explicit RandomSnapshot(unsigned seed) : random_(seed) {}

  v1::Snapshot Make() {
    v1::Snapshot snapshot;
    for (const std::string& id : SomeIds()) {
      v1::Listener* listener = snapshot.add_listeners();
      listener->set_id(id);
      listener->set_address(Word());
    }
    for (const std::string& id : SomeIds()) {
      v1::RouteTable* table = snapshot.add_route_tables();
      table->set_id(id);
      table->add_virtual_hosts()->set_id(Word());
    }
    for (const std::string& id : SomeIds()) AddBackend(id, snapshot);
    for (const std::string& id : SomeIds()) {
      v1::Certificate* certificate = snapshot.add_certificates();
      certificate->set_id(id);
      certificate->mutable_key()->set_inline_string(Word());
    }
    for (const std::string& id : SomeIds()) {
      v1::TrustBundle* bundle = snapshot.add_trust_bundles();
      bundle->set_id(id);
      bundle->mutable_roots()->set_inline_string(Word());
    }
    for (const std::string& id : SomeIds()) {
      v1::TicketKeys* keys = snapshot.add_ticket_keys();
      keys->set_id(id);
      keys->add_keys()->mutable_key()->set_inline_string(Word());
    }
    return snapshot;
  }

 private:
  void AddBackend(const std::string& id, v1::Snapshot& snapshot) {
    v1::Backend* backend = snapshot.add_backends();
    backend->set_id(id);
    backend->mutable_load_balancing()->set_policy(v1::LoadBalancing::Policy(random_() % 3));
    for (const std::string& server_id : SomeIds()) {
      v1::Server* server = backend->add_servers();
      server->set_id(server_id);
      server->set_weight(static_cast<uint32_t>(random_() % 3));
      (*server->mutable_labels())["k"] = Word();
      if (random_() % 2 == 0) continue;
      v1::HealthState* health = snapshot.add_health();
      health->set_backend(id);
      health->set_server(server_id);
      health->set_status(v1::Health::Status(random_() % 4));
      health->set_reason(Word());
    }
  }

  // Up to 6 ids in random order.
  std::vector<std::string> SomeIds() {
    std::vector<std::string> ids;
    for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
      if (random_() % 2 == 0) ids.emplace_back(id);
    }
    std::shuffle(ids.begin(), ids.end(), random_);
    return ids;
  }

  std::string Word() { return random_() % 2 == 0 ? "x" : "y"; }

  std::mt19937_64 random_;
};

// The fingerprint says whether two states are the same but for their order.
TEST(Diff, AppliedToTheOneMakesTheOther) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    RandomSnapshot random(seed);
    const v1::Snapshot from = random.Make();
    const v1::Snapshot to = random.Make();
    const v1::Snapshot made = ApplyForTest(from, Diff(from, to));
    ASSERT_EQ(OfSnapshot(made), OfSnapshot(to)) << "seed " << seed;
    ASSERT_TRUE(Diff(made, to).empty()) << "seed " << seed;
  }
}

// Each operation by itself changes something.
TEST(Diff, HasNoOperationTooMany) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    RandomSnapshot random(seed);
    const v1::Snapshot from = random.Make();
    const v1::Snapshot to = random.Make();
    const std::vector<v1::Operation> operations = Diff(from, to);
    for (size_t left_out = 0; left_out < operations.size(); ++left_out) {
      // What is in a new backend can't come without it.
      if (operations[left_out].has_upsert_backend()) continue;
      std::vector<v1::Operation> fewer = operations;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(left_out));
      ASSERT_FALSE(OfSnapshot(ApplyForTest(from, fewer)) == OfSnapshot(to)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace fairlead::api
