#include "dataplane/routing/router.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/allocation_counter.h"
#include "dataplane/config/route_table.h"
#include "dataplane/routing/test_request.h"
#include "gtest/gtest.h"

namespace fairlead::routing {
namespace {

using config::PathMatch;

constexpr auto Rule = TestRule;

Router RouterOf(std::vector<config::VirtualHost> hosts) {
  auto table = std::make_shared<config::RouteTable>();
  table->virtual_hosts = std::move(hosts);
  return Router(std::move(table));
}

// One host for each name, its id the name, with one rule for every path.
Router RouterForDomains(const std::vector<std::string>& domains) {
  std::vector<config::VirtualHost> hosts;
  for (const std::string& domain : domains) hosts.push_back({domain, {domain}, {Rule("any", PathMatch::kAny, "")}});
  return RouterOf(std::move(hosts));
}

// A host of any name with these rules.
Router RouterForRules(std::vector<config::RouteRule> rules) { return RouterOf({{"all", {"*"}, std::move(rules)}}); }

// The id of the host that `authority` belongs to; "-" when there is none.
std::string HostFor(const Router& router, std::string_view authority) {
  const TestRequest request("/", {}, "GET", std::string(authority));
  const RouteResult result = router.Match(request.view());
  return result.host == nullptr ? "-" : result.host->id;
}

// The id of the rule that the request belongs to; "-" when there is none.
std::string RuleFor(const Router& router, const TestRequest& request) {
  const RouteResult result = router.Match(request.view());
  return result.rule == nullptr ? "-" : result.rule->id;
}

std::string RuleFor(const Router& router, std::string_view target) {
  return RuleFor(router, TestRequest(std::string(target)));
}

TEST(RouterHosts, AreFoundByTheirExactName) {
  const Router router = RouterForDomains({"example.org", "www.example.org"});
  EXPECT_EQ(HostFor(router, "example.org"), "example.org");
  EXPECT_EQ(HostFor(router, "www.example.org"), "www.example.org");
  EXPECT_EQ(HostFor(router, "ample.org"), "-");
  EXPECT_EQ(HostFor(router, "ww.example.org"), "-");
  EXPECT_EQ(HostFor(router, ""), "-");
}

TEST(RouterHosts, AreFoundByASuffixWithOneLabelOrMoreInFront) {
  const Router router = RouterForDomains({"*.example.org"});
  EXPECT_EQ(HostFor(router, "www.example.org"), "*.example.org");
  EXPECT_EQ(HostFor(router, "a.b.example.org"), "*.example.org");
  EXPECT_EQ(HostFor(router, "example.org"), "-");
  EXPECT_EQ(HostFor(router, ".example.org"), "-");
  EXPECT_EQ(HostFor(router, "badexample.org"), "-");
}

TEST(RouterHosts, PreferTheExactNameToTheLongestSuffixToAny) {
  const Router router = RouterForDomains({"*", "*.org", "*.b.example.org", "*.example.org", "a.b.example.org"});
  EXPECT_EQ(HostFor(router, "a.b.example.org"), "a.b.example.org");
  EXPECT_EQ(HostFor(router, "c.b.example.org"), "*.b.example.org");
  EXPECT_EQ(HostFor(router, "b.example.org"), "*.example.org");
  EXPECT_EQ(HostFor(router, "example.org"), "*.org");
  EXPECT_EQ(HostFor(router, "org"), "*");
}

TEST(RouterHosts, MayHaveSeveralNames) {
  const Router router = RouterOf({{"both", {"a.org", "*.b.org"}, {}}, {"rest", {"*"}, {}}});
  EXPECT_EQ(HostFor(router, "a.org"), "both");
  EXPECT_EQ(HostFor(router, "x.b.org"), "both");
  EXPECT_EQ(HostFor(router, "x.a.org"), "rest");
}

TEST(RouterHosts, AreFoundWhateverThePortTheCaseAndADotAtTheEnd) {
  const Router router = RouterForDomains({"example.org", "*.example.net"});
  for (std::string_view authority :
       {"example.org:8080", "EXAMPLE.oRg", "example.org.", "Example.org.:443", "example.org:"})
    EXPECT_EQ(HostFor(router, authority), "example.org") << authority;
  for (std::string_view authority : {"a.Example.Net:80", "A.example.net.", "a.example.net.:1"})
    EXPECT_EQ(HostFor(router, authority), "*.example.net") << authority;
}

TEST(RouterHosts, AreFoundWhateverTheCaseInTheTable) {
  EXPECT_EQ(HostFor(RouterForDomains({"Example.ORG."}), "example.org"), "Example.ORG.");
}

TEST(RouterHosts, MayBeAddresses) {
  const Router router = RouterForDomains({"10.0.0.1", "[::1]", "*"});
  EXPECT_EQ(HostFor(router, "10.0.0.1:80"), "10.0.0.1");
  EXPECT_EQ(HostFor(router, "[::1]"), "[::1]");
  EXPECT_EQ(HostFor(router, "[::1]:8080"), "[::1]");
  EXPECT_EQ(HostFor(router, "[::12]:8080"), "*");
}

TEST(RouterHosts, TakeWhatIsNoNameByTheStarAlone) {
  const Router router = RouterForDomains({"*.org", "*"});
  const std::string long_label(300, 'a');
  for (std::string_view authority :
       {std::string_view(""), std::string_view(":80"), std::string_view("."), std::string_view("..org"),
        std::string_view(".org"), std::string_view("[::1"), std::string_view("["), std::string_view("[]:"),
        std::string_view("::1"), std::string_view("a\0b", 3), std::string_view("\xff")}) {
    EXPECT_EQ(HostFor(router, authority), "*") << authority;
  }
  EXPECT_EQ(HostFor(router, long_label + ".org"), "*");
  EXPECT_EQ(HostFor(RouterForDomains({"*.org"}), long_label + ".org"), "-");
}

TEST(RouterHosts, MayBeAsLongAsDnsAllows) {
  const std::string name = std::string(251, 'a') + ".org";
  EXPECT_EQ(name.size(), 255u);
  EXPECT_EQ(HostFor(RouterForDomains({name}), name), name);
  EXPECT_EQ(HostFor(RouterForDomains({"*.org"}), name), "*.org");
}

TEST(RouterRules, MatchTheWholePathOrItsBeginning) {
  const Router router = RouterForRules({Rule("exact", PathMatch::kExact, "/a"),
                                        Rule("prefix", PathMatch::kPrefix, "/b/"), Rule("star", PathMatch::kAny, "")});
  EXPECT_EQ(RuleFor(router, "/a"), "exact");
  EXPECT_EQ(RuleFor(router, "/a/"), "star");
  EXPECT_EQ(RuleFor(router, "/b/c"), "prefix");
  EXPECT_EQ(RuleFor(router, "/b"), "star");
}

TEST(RouterRules, AreTriedInTheirOrder) {
  const Router router =
      RouterForRules({Rule("first", PathMatch::kPrefix, "/a"), Rule("longer", PathMatch::kPrefix, "/a/b"),
                      Rule("exact", PathMatch::kExact, "/a/b"), Rule("c", PathMatch::kExact, "/c"),
                      Rule("any", PathMatch::kAny, ""), Rule("after", PathMatch::kExact, "/d")});
  EXPECT_EQ(RuleFor(router, "/a/b"), "first");
  EXPECT_EQ(RuleFor(router, "/c"), "c");
  EXPECT_EQ(RuleFor(router, "/d"), "any");
}

TEST(RouterRules, DoNotSeeTheQuery) {
  const Router router = RouterForRules({Rule("a", PathMatch::kExact, "/a"), Rule("b", PathMatch::kPrefix, "/b?c")});
  EXPECT_EQ(RuleFor(router, "/a?x=/b"), "a");
  EXPECT_EQ(RuleFor(router, "/a?"), "a");
  EXPECT_EQ(RuleFor(router, "/b?c"), "-");
}

TEST(RouterRules, SeeThePathAsItWasSent) {
  const Router router = RouterForRules({Rule("a", PathMatch::kExact, "/a")});
  EXPECT_EQ(RuleFor(router, "/A"), "-");
  EXPECT_EQ(RuleFor(router, "/%61"), "-");
  EXPECT_EQ(RuleFor(router, "/x/../a"), "-");
}

TEST(RouterRules, TakeTheStarOfOptionsWhereTheyTakeEveryPath) {
  EXPECT_EQ(RuleFor(RouterForRules({Rule("root", PathMatch::kPrefix, "/")}), "*"), "-");
  EXPECT_EQ(RuleFor(RouterForRules({Rule("any", PathMatch::kAny, "")}), "*"), "any");
}

config::RouteRule With(config::RouteRule rule, std::vector<config::HeaderMatch> headers,
                       std::vector<config::QueryMatch> query = {}) {
  rule.match.headers = std::move(headers);
  rule.match.query = std::move(query);
  return rule;
}

config::RouteRule WithMethods(config::RouteRule rule, std::vector<std::string> methods) {
  rule.match.methods = std::move(methods);
  return rule;
}

config::HeaderMatch Header(std::string name, config::HeaderMatch::Kind kind, std::string text = "") {
  config::HeaderMatch header{.name = std::move(name), .kind = kind};
  if (kind == config::HeaderMatch::Kind::kRegex) {
    header.regex = *base::Regex::Compile(text);
  } else {
    header.text = std::move(text);
  }
  return header;
}

using HeaderKind = config::HeaderMatch::Kind;
using QueryKind = config::QueryMatch::Kind;

TEST(RouterRules, MayAskForAMethod) {
  const Router router = RouterForRules({WithMethods(Rule("read", PathMatch::kPrefix, "/"), {"GET", "HEAD"}),
                                        WithMethods(Rule("dav", PathMatch::kPrefix, "/"), {"PROPFIND", "PUT"}),
                                        WithMethods(Rule("post", PathMatch::kAny, ""), {"POST"})});
  const auto rule_for = [&](const char* method) { return RuleFor(router, TestRequest("/", {}, method)); };
  EXPECT_EQ(rule_for("GET"), "read");
  EXPECT_EQ(rule_for("HEAD"), "read");
  EXPECT_EQ(rule_for("POST"), "post");
  EXPECT_EQ(rule_for("PUT"), "dav");
  EXPECT_EQ(rule_for("PROPFIND"), "dav");
  EXPECT_EQ(rule_for("PROPPATCH"), "-");
  EXPECT_EQ(rule_for("get"), "-");
  EXPECT_EQ(rule_for("DELETE"), "-");
}

TEST(RouterRules, AreForConnectWhereTheyAllowIt) {
  config::RouteRule proxies = WithMethods(Rule("proxies", PathMatch::kAny, ""), {"CONNECT", "GET"});
  config::RouteRule tunnel = With(Rule("tunnel", PathMatch::kAny, ""), {Header("x-key", HeaderKind::kExact, "1")});
  tunnel.allow_connect = true;
  const Router router = RouterForRules({proxies, tunnel, Rule("rest", PathMatch::kAny, "")});
  const auto rule_for = [&](const char* method, const char* target, const TestRequest::Fields& fields) {
    return RuleFor(router, TestRequest(target, fields, method));
  };
  EXPECT_EQ(rule_for("CONNECT", "example.org:443", {{"X-Key", "1"}}), "tunnel");
  EXPECT_EQ(rule_for("CONNECT", "example.org:443", {{"X-Key", "2"}}), "-");
  EXPECT_EQ(rule_for("GET", "/", {}), "proxies");
  EXPECT_EQ(rule_for("PUT", "/", {{"X-Key", "1"}}), "tunnel");
}

TEST(RouterRules, MayAskForFields) {
  const Router router =
      RouterForRules({With(Rule("exact", PathMatch::kAny, ""), {Header("x-v", HeaderKind::kExact, "2")}),
                      With(Rule("prefix", PathMatch::kAny, ""), {Header("x-v", HeaderKind::kPrefix, "beta-")}),
                      With(Rule("regex", PathMatch::kAny, ""), {Header("x-v", HeaderKind::kRegex, "v[0-9]+")}),
                      With(Rule("both", PathMatch::kAny, ""),
                           {Header("a", HeaderKind::kPresent), Header("b", HeaderKind::kExact, "1")}),
                      With(Rule("absent", PathMatch::kAny, ""), {Header("x-v", HeaderKind::kAbsent)}),
                      With(Rule("there", PathMatch::kAny, ""), {Header("x-v", HeaderKind::kPresent)})});
  const auto rule_for = [&](const TestRequest::Fields& fields) { return RuleFor(router, TestRequest("/", fields)); };
  EXPECT_EQ(rule_for({{"X-V", "2"}}), "exact");
  EXPECT_EQ(rule_for({{"X-V", "1"}, {"x-v", "2"}}), "exact");
  EXPECT_EQ(rule_for({{"X-V", "beta-"}}), "prefix");
  EXPECT_EQ(rule_for({{"X-V", "v12"}}), "regex");
  EXPECT_EQ(rule_for({{"X-V", "v12 "}}), "there");
  EXPECT_EQ(rule_for({{"X-V", "22"}}), "there");
  EXPECT_EQ(rule_for({{"X-V", ""}}), "there");
  EXPECT_EQ(rule_for({{"X-VV", "2"}}), "absent");
  EXPECT_EQ(rule_for({{"B", "1"}, {"A", ""}}), "both");
  EXPECT_EQ(rule_for({{"B", "1"}}), "absent");
}

// An absolute-form target names the host whatever Host says (RFC 9112 §3.2.2).
TEST(RouterRules, TakeTheAuthorityForHost) {
  const Router router =
      RouterForRules({With(Rule("host", PathMatch::kAny, ""), {Header("host", HeaderKind::kExact, "a.org:81")}),
                      With(Rule("none", PathMatch::kAny, ""), {Header("host", HeaderKind::kAbsent)})});
  EXPECT_EQ(RuleFor(router, TestRequest("/", {{"Host", "b.org"}}, "GET", "a.org:81")), "host");
  EXPECT_EQ(RuleFor(router, TestRequest("/", {{"Host", "a.org:81"}}, "GET", "b.org")), "-");
  EXPECT_EQ(RuleFor(router, TestRequest("/", {}, "GET", "")), "none");
}

TEST(RouterRules, MayAskForParametersOfTheQuery) {
  const Router router = RouterForRules(
      {With(Rule("exact", PathMatch::kAny, ""), {}, {{.name = "q", .kind = QueryKind::kExact, .text = "a b"}}),
       With(Rule("regex", PathMatch::kAny, ""), {},
            {{.name = "q", .kind = QueryKind::kRegex, .regex = *base::Regex::Compile("[0-9]+&")}}),
       With(Rule("there", PathMatch::kAny, ""), {}, {{.name = "q"}})});
  EXPECT_EQ(RuleFor(router, "/?q=a+b"), "exact");
  EXPECT_EQ(RuleFor(router, "/?p=1&%71=a%20b"), "exact");
  EXPECT_EQ(RuleFor(router, "/?q=1&q=a%20b"), "exact");
  EXPECT_EQ(RuleFor(router, "/?q=12%26"), "regex");
  EXPECT_EQ(RuleFor(router, "/?q=12&"), "there");
  EXPECT_EQ(RuleFor(router, "/?q"), "there");
  EXPECT_EQ(RuleFor(router, "/?p=q"), "-");
  EXPECT_EQ(RuleFor(router, "/q"), "-");
}

TEST(RouterRules, MayAskWhereTheClientIs) {
  config::RouteRule inside = Rule("inside", PathMatch::kAny, "");
  inside.match.source_networks = std::make_shared<const net::NetworkSet>(
      std::vector{*net::Network::Parse("10.0.0.0/8"), *net::Network::Parse("::1"), *net::Network::Parse("unix")});
  const Router router = RouterForRules({inside, Rule("outside", PathMatch::kAny, "")});
  const auto rule_for = [&](const char* source) {
    TestRequest request("/");
    request.source = *net::Address::Parse(source);
    return RuleFor(router, request);
  };
  EXPECT_EQ(rule_for("10.255.0.1:1"), "inside");
  EXPECT_EQ(rule_for("11.0.0.1:1"), "outside");
  EXPECT_EQ(rule_for("[::1]:1"), "inside");
  EXPECT_EQ(rule_for("[::2]:1"), "outside");
  EXPECT_EQ(rule_for("unix:/x"), "inside");
}

TEST(RouterRules, MayBeForPathsByPattern) {
  const Router router =
      RouterForRules({Rule("item", PathMatch::kRegex, "/items/[0-9]+"), Rule("exact", PathMatch::kExact, "/items/new"),
                      Rule("case", PathMatch::kRegex, "(?i)/items/NEW.*"), Rule("digits", PathMatch::kRegex, "/[0-9]+"),
                      WithMethods(Rule("put", PathMatch::kRegex, "/items/.*"), {"PUT"}),
                      Rule("late", PathMatch::kRegex, "/items/.*")});
  EXPECT_EQ(RuleFor(router, "/items/12?x=/items/new"), "item");
  EXPECT_EQ(RuleFor(router, "/items/new"), "exact");
  EXPECT_EQ(RuleFor(router, "/Items/newer"), "case");
  EXPECT_EQ(RuleFor(router, "/7"), "digits");
  EXPECT_EQ(RuleFor(router, "/items/x"), "late");
  EXPECT_EQ(RuleFor(router, TestRequest("/items/x", {}, "PUT")), "put");
  EXPECT_EQ(RuleFor(router, "/x/items/12"), "-");
}

TEST(RouterRules, WithAPatternAreForPathsAlone) {
  const Router router = RouterForRules({Rule("all", PathMatch::kRegex, ".*")});
  EXPECT_EQ(RuleFor(router, "*"), "-");
  EXPECT_EQ(RuleFor(router, TestRequest("example.org:80", {}, "CONNECT")), "-");
  EXPECT_EQ(RuleFor(router, "/"), "all");
}

// Tenants told apart by one field are hashed, others stand between them: the order is that of the rules all the same.
TEST(RouterRules, KeepTheirOrderWhereAFieldTellsThemApart) {
  std::vector<config::RouteRule> rules;
  for (int i = 0; i < 100; ++i) {
    const std::string tenant = std::to_string(i % 90);
    rules.push_back(
        With(Rule("t" + std::to_string(i), PathMatch::kPrefix, "/"), {Header("x-tenant", HeaderKind::kExact, tenant)}));
    if (i == 50) rules.push_back(With(Rule("beta", PathMatch::kPrefix, "/"), {Header("beta", HeaderKind::kPresent)}));
  }
  rules.push_back(Rule("rest", PathMatch::kAny, ""));
  const Router router = RouterForRules(std::move(rules));
  const auto rule_for = [&](const TestRequest::Fields& fields) { return RuleFor(router, TestRequest("/", fields)); };
  EXPECT_EQ(rule_for({{"X-Tenant", "7"}}), "t7");
  EXPECT_EQ(rule_for({{"X-Tenant", "95"}}), "rest");
  EXPECT_EQ(rule_for({{"X-Tenant", "60"}, {"Beta", ""}}), "beta");
  EXPECT_EQ(rule_for({{"X-Tenant", "40"}, {"Beta", ""}}), "t40");
  EXPECT_EQ(rule_for({{"X-Tenant", "70"}, {"X-Tenant", "60"}}), "t60");
  EXPECT_EQ(rule_for({}), "rest");
}

// Where nothing of the most specific host matches, the answer is 404 and not another host's rule.
TEST(RouterRules, AreThoseOfOneHostAlone) {
  const Router router = RouterOf({{"org", {"example.org"}, {Rule("a", PathMatch::kExact, "/a")}},
                                  {"all", {"*"}, {Rule("any", PathMatch::kAny, "")}}});
  const RouteResult result = router.Match(TestRequest("/b").view());
  ASSERT_NE(result.host, nullptr);
  EXPECT_EQ(result.host->id, "org");
  EXPECT_EQ(result.rule, nullptr);
}

TEST(Router, FindsNothingInAnEmptyTable) {
  const Router router = RouterOf({});
  EXPECT_EQ(router.Match(TestRequest("/").view()).host, nullptr);
  EXPECT_EQ(router.Match(TestRequest("/").view()).rule, nullptr);
}

TEST(Router, SurvivesATableThatNoCompilerWouldLetPass) {
  const Router router = RouterOf({{"none", {}, {}},
                                  {"odd", {"", ".", "*.", "**", "*.*", "*", "*"}, {Rule("", PathMatch::kExact, "")}},
                                  {"same", {"*", ""}, {Rule("x", PathMatch::kPrefix, "")}}});
  EXPECT_EQ(HostFor(router, "example.org"), "odd");
  EXPECT_EQ(RuleFor(router, ""), "");
  EXPECT_EQ(RuleFor(router, "/"), "-");
}

TEST(Router, ShowsTheTableThatItWasMadeFrom) {
  auto table = std::make_shared<config::RouteTable>();
  table->id = "main";
  const config::RouteTable* const address = table.get();
  EXPECT_EQ(&Router(std::move(table)).table(), address);
}

TEST(Router, AllocatesNothingForConditionsWithoutRegularExpressions) {
  std::vector<config::RouteRule> rules;
  for (int i = 0; i < 10; ++i) {
    rules.push_back(With(Rule("", PathMatch::kPrefix, "/a/long/path/"),
                         {Header("x-a-long-name-of-a-field", HeaderKind::kExact, std::string(50, 'a' + i))},
                         {{.name = "a long name of a parameter", .kind = QueryKind::kExact, .text = "and its value"}}));
  }
  rules.push_back(WithMethods(Rule("dav", PathMatch::kAny, ""), {"PROPFIND"}));
  const Router router = RouterForRules(std::move(rules));
  const TestRequest request("/a/long/path/?and=query&a+long%20name+of+a+parameter=and+its+other+value",
                            {{"X-A-Long-Name-Of-A-Field", std::string(50, 'c')}}, "PROPFIND");
  const RequestView view = request.view();
  base::AllocationCounter counter;
  const RouteResult result = router.Match(view);
  EXPECT_EQ(counter.allocations(), 0u);
  EXPECT_EQ(result.rule->id, "dav");
}

TEST(Router, AllocatesNothingToMatch) {
  const Router router = RouterForDomains({"example.org", "*.example.org", "*"});
  const TestRequest request("/a/long/path?and=query", {}, "GET",
                            "WWW.a.very.long.name.that.no.small.string.holds.example.org:8080");
  const RequestView view = request.view();
  base::AllocationCounter counter;
  router.Match(view);
  EXPECT_EQ(counter.allocations(), 0u);
}

config::RouteRule RuleWithBackends(std::vector<config::WeightedBackend> backends) {
  config::RouteRule rule;
  rule.backends = std::move(backends);
  for (const config::WeightedBackend& backend : rule.backends) rule.total_weight += backend.weight;
  return rule;
}

TEST(ChooseBackend, ChoosesTheOnlyBackendWhateverTheNumber) {
  const config::RouteRule rule = RuleWithBackends({{.backend = 7, .weight = 3}});
  for (uint64_t random : {uint64_t{0}, uint64_t{1} << 63, UINT64_MAX}) EXPECT_EQ(ChooseBackend(rule, random), 7u);
}

TEST(ChooseBackend, ChoosesByWeight) {
  const config::RouteRule rule = RuleWithBackends({{.backend = 1, .weight = 90}, {2, 0}, {3, 10}});
  std::mt19937_64 random(1);
  std::map<config::BackendSlot, int> chosen;
  constexpr int kChoices = 100'000;
  for (int i = 0; i < kChoices; ++i) ++chosen[ChooseBackend(rule, random())];
  EXPECT_EQ(chosen.count(2), 0u);
  // Five standard deviations: sqrt(100,000 * 0.9 * 0.1) = 95.
  EXPECT_NEAR(chosen[1], 90'000, 5 * 95);
  EXPECT_EQ(chosen[1] + chosen[3], kChoices);
}

TEST(ChooseBackend, ChoosesNoneWhereThereIsNone) {
  EXPECT_EQ(ChooseBackend(RuleWithBackends({}), 5), kNoBackend);
  EXPECT_EQ(ChooseBackend(RuleWithBackends({{.backend = 1, .weight = 0}}), 5), kNoBackend);
}

}  // namespace
}  // namespace fairlead::routing
