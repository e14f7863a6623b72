#include "dataplane/control/route_table_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string_view>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/test_support.h"
#include "dataplane/routing/router.h"

namespace fairlead::control {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

// Puts these rules in place of those of the small state's only virtual host.
v1::Transaction WithRules(std::string_view rules) {
  return ParseTransaction(base::StrCat(
      R"(operations { upsert_route_table { id: "main" virtual_hosts { id: "all" domains: "*" )", rules, " } } }"));
}

const std::vector<config::RouteRule>& RulesOf(const CompiledState& state) {
  return state.snapshot().route_tables[0]->table().virtual_hosts[0].rules;
}

TEST(RouteTableCompiler, CompilesEveryCondition) {
  CompiledState state(kSmallState);
  state.Apply(WithRules(R"(
    rules {
      id: "r" backends { backend: "web" }
      match {
        path_regex: "/c.*" methods: "GET" methods: "LINK"
        headers { name: "X-There" } headers { name: "e" exact: "E" } headers { name: "p" prefix: "P" }
        headers { name: "r" regex: "R" } headers { name: "a" absent: true }
        query { name: "Q" } query { name: "e" exact: "E" } query { name: "r" regex: "R" }
      }
    }
  )"));
  const config::RouteMatch& match = RulesOf(state)[0].match;
  EXPECT_EQ(match.path_match, config::PathMatch::kRegex);
  EXPECT_EQ(match.path_regex->pattern(), "/c.*");
  EXPECT_THAT(match.methods, ElementsAre("GET", "LINK"));
  using HeaderKind = config::HeaderMatch::Kind;
  EXPECT_EQ(match.headers[0].name, "x-there");
  EXPECT_EQ(match.headers[0].kind, HeaderKind::kPresent);
  EXPECT_EQ(match.headers[1].kind, HeaderKind::kExact);
  EXPECT_EQ(match.headers[1].text, "E");
  EXPECT_EQ(match.headers[2].kind, HeaderKind::kPrefix);
  EXPECT_EQ(match.headers[2].text, "P");
  EXPECT_EQ(match.headers[3].kind, HeaderKind::kRegex);
  EXPECT_EQ(match.headers[3].regex->pattern(), "R");
  EXPECT_EQ(match.headers[4].kind, HeaderKind::kAbsent);
  using QueryKind = config::QueryMatch::Kind;
  EXPECT_EQ(match.query[0].name, "Q");
  EXPECT_EQ(match.query[0].kind, QueryKind::kPresent);
  EXPECT_EQ(match.query[1].kind, QueryKind::kExact);
  EXPECT_EQ(match.query[1].text, "E");
  EXPECT_EQ(match.query[2].kind, QueryKind::kRegex);
  EXPECT_EQ(match.query[2].regex, match.headers[3].regex) << "one pattern, compiled once";
}

TEST(RouteTableCompiler, KeepsTheRegularExpressionsOfATableThatChanges) {
  constexpr std::string_view kRule = R"(rules { id: "a" match { path_regex: "/a.*" } backends { backend: "web" } })";
  CompiledState state(kSmallState);
  state.Apply(WithRules(kRule));
  const config::SharedRegex before = RulesOf(state)[0].match.path_regex;
  state.Apply(WithRules(base::StrCat(kRule, R"(rules { id: "b" backends { backend: "web" } })")));
  EXPECT_EQ(RulesOf(state)[0].match.path_regex, before);
}

}  // namespace
}  // namespace fairlead::control
