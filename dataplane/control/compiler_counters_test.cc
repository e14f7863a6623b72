// What keeps its counters from one revision to the next, and what begins anew.

#include <memory>

#include "dataplane/control/test_support.h"
#include "dataplane/routing/router.h"
#include "gtest/gtest.h"

namespace fairlead::control {
namespace {

const config::RouteRule& Rule(const CompiledState& state, size_t host, size_t rule) {
  return state.snapshot().route_tables[0]->table().virtual_hosts[host].rules[rule];
}

TEST(CompilerCounters, EverythingThatIsCountedForHasSome) {
  CompiledState state(kSmallState);
  EXPECT_TRUE(state.FindServer("web", "w1")->counters->empty());
  EXPECT_NE(state.FindBackend("web")->counters, nullptr);
  EXPECT_NE(state.FindBackend("web")->counters, state.FindBackend("api")->counters);
  EXPECT_NE(state.snapshot().listeners[0]->counters, nullptr);
  EXPECT_NE(Rule(state, 0, 0).counters, nullptr);
  EXPECT_NE(Rule(state, 0, 0).counters, Rule(state, 0, 1).counters);
  Rule(state, 0, 0).counters->of_worker(CompiledState::kWorkers - 1);
}

TEST(CompilerCounters, ABackendKeepsThemThroughChangesOfItsSettingsAndServers) {
  CompiledState state(kSmallState);
  const auto counters = state.FindBackend("web")->counters;
  state.Apply(
      ParseTransaction(R"(operations { upsert_backend { id: "web" load_balancing { policy: LEAST_REQUEST } } })"));
  EXPECT_EQ(state.FindBackend("web")->counters, counters);
  state.Apply(ParseTransaction(R"(operations { remove_server { backend: "web" server: "w1" } })"));
  EXPECT_EQ(state.FindBackend("web")->counters, counters);
}

TEST(CompilerCounters, ABackendThatComesBackBeginsAnew) {
  constexpr std::string_view kAdd = R"(operations { upsert_backend { id: "more" } })";
  CompiledState state;
  state.Apply(ParseTransaction(kAdd));
  const auto counters = state.FindBackend("more")->counters;
  state.Apply(ParseTransaction(R"(operations { remove_backend: "more" })"));
  state.Apply(ParseTransaction(kAdd));
  EXPECT_NE(state.FindBackend("more")->counters, counters);
}

TEST(CompilerCounters, ARuleKeepsThemByItsIdAndThatOfItsHost) {
  CompiledState state(kSmallState);
  const auto api = Rule(state, 0, 0).counters;
  const auto rest = Rule(state, 0, 1).counters;
  state.Apply(ParseTransaction(R"(operations { upsert_route_table {
    id: "main"
    virtual_hosts { id: "other" domains: "a.example" rules { id: "rest" backends { backend: "web" } } }
    virtual_hosts {
      id: "all"
      domains: "*"
      rules { id: "new" match { path: "/" } backends { backend: "web" } }
      rules { id: "rest" timeout { seconds: 1 } backends { backend: "api" } }
      rules { id: "api" match { path_prefix: "/api/v2/" } backends { backend: "api" } }
    }
  } })"));
  EXPECT_EQ(Rule(state, 1, 1).counters, rest);
  EXPECT_EQ(Rule(state, 1, 2).counters, api);
  EXPECT_NE(Rule(state, 0, 0).counters, rest) << "of another host";
  EXPECT_NE(Rule(state, 1, 0).counters, nullptr);
}

TEST(CompilerCounters, ARuleThatComesBackBeginsAnew) {
  CompiledState state(kSmallState);
  const auto api = Rule(state, 0, 0).counters;
  v1::Transaction without = SnapshotTransaction(kSmallState);
  without.mutable_snapshot()->mutable_route_tables(0)->mutable_virtual_hosts(0)->mutable_rules()->DeleteSubrange(0, 1);
  state.Apply(without);
  state.Apply(SnapshotTransaction(kSmallState));
  EXPECT_NE(Rule(state, 0, 0).counters, api);
}

TEST(CompilerCounters, AListenerKeepsThemThroughAChange) {
  CompiledState state(kSmallState);
  const auto counters = state.snapshot().listeners[0]->counters;
  v1::Transaction change = SnapshotTransaction(kSmallState);
  change.mutable_snapshot()->mutable_listeners(0)->mutable_http()->set_max_header_count(7);
  state.Apply(change);
  EXPECT_EQ(state.snapshot().listeners[0]->counters, counters);
}

}  // namespace
}  // namespace fairlead::control
