#include "controlplane-mock/state_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/fingerprint/fingerprint.h"
#include "api/yaml/yaml.h"

namespace fairlead::controlplane_mock {
namespace {

constexpr char kState[] = R"(
listeners: [{id: l1, address: "127.0.0.1:80", http: {route_table: r1}}]
route_tables: [{id: r1}]
backends: [{id: web, servers: [{id: w1, weight: 1}, {id: w2}]}]
health: [{backend: web, server: w1, status: DOWN}]
)";

v1::Snapshot Parse(const std::string& yaml) {
  v1::Snapshot snapshot;
  const absl::Status parsed = api::ParseYaml(yaml, {}, &snapshot);
  EXPECT_TRUE(parsed.ok()) << std::string(parsed.message());
  return snapshot;
}

absl::Status Apply(const std::string& operations_yaml, v1::Snapshot& snapshot) {
  v1::Transaction transaction;
  const absl::Status parsed = api::ParseYaml(operations_yaml, {}, &transaction);
  EXPECT_TRUE(parsed.ok()) << std::string(parsed.message());
  return ApplyOperations(transaction.operations(), snapshot);
}

// Applies the operations to kState and compares.
void ExpectMakes(const std::string& operations_yaml, const std::string& expected_yaml) {
  v1::Snapshot snapshot = Parse(kState);
  const absl::Status applied = Apply(operations_yaml, snapshot);
  EXPECT_TRUE(applied.ok()) << std::string(applied.message());
  EXPECT_EQ(api::OfSnapshot(snapshot).ToHex(), api::OfSnapshot(Parse(expected_yaml)).ToHex()) << api::ToYaml(snapshot);
}

TEST(ApplyOperations, UpsertPutsTheWholeResourceInPlaceOrAddsIt) {
  ExpectMakes("operations: [{upsert_route_table: {id: r2}}, {upsert_listener: {id: l1, address: \"127.0.0.1:81\"}}]",
              R"(
listeners: [{id: l1, address: "127.0.0.1:81"}]
route_tables: [{id: r1}, {id: r2}]
backends: [{id: web, servers: [{id: w1, weight: 1}, {id: w2}]}]
health: [{backend: web, server: w1, status: DOWN}]
)");
}

TEST(ApplyOperations, UpsertBackendLeavesItsServersAlone) {
  ExpectMakes("operations: [{upsert_backend: {id: web, load_balancing: {policy: RANDOM}}}]", R"(
listeners: [{id: l1, address: "127.0.0.1:80", http: {route_table: r1}}]
route_tables: [{id: r1}]
backends: [{id: web, load_balancing: {policy: RANDOM}, servers: [{id: w1, weight: 1}, {id: w2}]}]
health: [{backend: web, server: w1, status: DOWN}]
)");
}

TEST(ApplyOperations, RemovingAServerTakesItsHealthAlong) {
  ExpectMakes("operations: [{remove_server: {backend: web, server: w1}}]", R"(
listeners: [{id: l1, address: "127.0.0.1:80", http: {route_table: r1}}]
route_tables: [{id: r1}]
backends: [{id: web, servers: [{id: w2}]}]
)");
}

TEST(ApplyOperations, RemovingABackendTakesItsServersAndTheirHealthAlong) {
  ExpectMakes("operations: [{remove_backend: web}, {remove_listener: l1}]", "route_tables: [{id: r1}]");
}

TEST(ApplyOperations, UnknownHealthTakesTheWordBack) {
  ExpectMakes("operations: [{set_health: {backend: web, server: w1}}]", R"(
listeners: [{id: l1, address: "127.0.0.1:80", http: {route_table: r1}}]
route_tables: [{id: r1}]
backends: [{id: web, servers: [{id: w1, weight: 1}, {id: w2}]}]
)");
}

TEST(ApplyOperations, TheirOrderDoesNotMatter) {
  ExpectMakes(R"(
operations:
  - set_health: {backend: api, server: a1, status: UP}
  - upsert_server: {backend: api, server: {id: a1}}
  - upsert_backend: {id: api}
  - remove_backend: web
  - remove_listener: l1
)",
              R"(
route_tables: [{id: r1}]
backends: [{id: api, servers: [{id: a1}]}]
health: [{backend: api, server: a1, status: UP}]
)");
}

TEST(ApplyOperations, NamesWhatIsNotThere) {
  for (const std::string operation :
       {"{remove_listener: x}", "{remove_route_table: x}", "{remove_backend: x}", "{remove_certificate: x}",
        "{remove_trust_bundle: x}", "{remove_server: {backend: web, server: x}}", "{remove_server: {backend: x}}",
        "{upsert_server: {backend: x}}", "{set_health: {backend: web, server: x}}"}) {
    v1::Snapshot snapshot = Parse(kState);
    const absl::Status applied = Apply("operations: [" + operation + "]", snapshot);
    EXPECT_EQ(applied.code(), absl::StatusCode::kNotFound) << operation;
    EXPECT_THAT(std::string(applied.message()), testing::HasSubstr("x\"")) << operation;
  }
}

TEST(ApplyOperations, RefusesServersInUpsertBackendAndAnOperationOfNoKind) {
  v1::Snapshot snapshot = Parse(kState);
  EXPECT_FALSE(Apply("operations: [{upsert_backend: {id: web, servers: [{id: w3}]}}]", snapshot).ok());
  EXPECT_FALSE(Apply("operations: [{}]", snapshot).ok());
}

}  // namespace
}  // namespace fairlead::controlplane_mock
