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
        path_regex: "/c.*" methods: "GET" methods: "LINK" source_networks: "10.0.0.0/8"
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
  EXPECT_TRUE(match.source_networks->Contains(*net::Address::Parse("10.1.2.3:1")));
  EXPECT_FALSE(match.source_networks->Contains(*net::Address::Parse("11.1.2.3:1")));
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

TEST(RouteTableCompiler, CompilesEveryAction) {
  CompiledState state(kSmallState);
  state.Apply(WithRules(R"(
    rules {
      id: "redirect" match { path_prefix: "/d" }
      redirect { status: 308 path_prefix: "/e/" scheme: "https" host: "e.org" strip_query: true }
      response_headers { remove: "R" set { name: "S" value: "s" } add { name: "A" value: "a" } }
    }
    rules { id: "moved" redirect { path: "/new" } }
    rules { id: "respond" respond { status: 503 body: "later" content_type: "text/html" } }
    rules { id: "default" respond { status: 200 body: "text" } }
    rules {
      id: "rewrite" match { path_prefix: "/f" } backends { backend: "web" } idle_timeout { seconds: 3 }
      rewrite { path_prefix: "/g/" host: "g.org:81" } request_headers { remove: "R" }
    }
    rules { id: "regex" backends { backend: "web" } rewrite { path_regex { pattern: "R" substitution: "r" } } }
  )"));
  const std::vector<config::RouteRule>& rules = RulesOf(state);
  EXPECT_EQ(rules[0].redirect->status, 308);
  EXPECT_EQ(rules[0].redirect->path_prefix, "/e/");
  EXPECT_EQ(rules[0].redirect->matched_size, 2u);
  EXPECT_EQ(rules[0].redirect->scheme, "https");
  EXPECT_EQ(rules[0].redirect->host, "e.org");
  EXPECT_TRUE(rules[0].redirect->strip_query);
  EXPECT_THAT(rules[0].response_headers->remove, ElementsAre("R"));
  EXPECT_EQ(rules[0].response_headers->set[0].value, "s");
  EXPECT_EQ(rules[0].response_headers->add[0].name, "A");
  EXPECT_EQ(rules[1].redirect->status, 302);
  EXPECT_EQ(rules[1].redirect->path, "/new");
  EXPECT_EQ(rules[2].respond->status, 503);
  EXPECT_EQ(rules[2].respond->body, "later");
  EXPECT_EQ(rules[2].respond->content_type, "text/html");
  EXPECT_EQ(rules[3].respond->content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(rules[4].idle_timeout, milliseconds(3'000));
  EXPECT_EQ(rules[4].rewrite->path_prefix, "/g/");
  EXPECT_EQ(rules[4].rewrite->matched_size, 2u);
  EXPECT_EQ(rules[4].rewrite->host, "g.org:81");
  EXPECT_THAT(rules[4].request_headers->remove, ElementsAre("R"));
  EXPECT_EQ(rules[5].rewrite->pattern->pattern(), "R");
  EXPECT_EQ(rules[5].rewrite->substitution, "r");
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
