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

#include "absl/strings/str_cat.h"
#include "dataplane/base/allocation_counter.h"
#include "dataplane/config/route_table.h"
#include "gtest/gtest.h"

namespace fairlead::routing {
namespace {

using config::PathMatch;

config::RouteRule Rule(std::string id, PathMatch path_match, std::string path) {
  config::RouteRule rule;
  rule.id = std::move(id);
  rule.path_match = path_match;
  rule.path = std::move(path);
  return rule;
}

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
  const RouteResult result = router.Match(authority, "/");
  return result.host == nullptr ? "-" : result.host->id;
}

// The id of the rule that `target` belongs to; "-" when there is none.
std::string RuleFor(const Router& router, std::string_view target) {
  const RouteResult result = router.Match("example.org", target);
  return result.rule == nullptr ? "-" : result.rule->id;
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

// Where nothing of the most specific host matches, the answer is 404 and not another host's rule.
TEST(RouterRules, AreThoseOfOneHostAlone) {
  const Router router = RouterOf({{"org", {"example.org"}, {Rule("a", PathMatch::kExact, "/a")}},
                                  {"all", {"*"}, {Rule("any", PathMatch::kAny, "")}}});
  const RouteResult result = router.Match("example.org", "/b");
  ASSERT_NE(result.host, nullptr);
  EXPECT_EQ(result.host->id, "org");
  EXPECT_EQ(result.rule, nullptr);
}

TEST(Router, FindsNothingInAnEmptyTable) {
  const Router router = RouterOf({});
  EXPECT_EQ(router.Match("example.org", "/").host, nullptr);
  EXPECT_EQ(router.Match("example.org", "/").rule, nullptr);
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

TEST(Router, AllocatesNothingToMatch) {
  const Router router = RouterForDomains({"example.org", "*.example.org", "*"});
  base::AllocationCounter counter;
  router.Match("WWW.a.very.long.name.that.no.small.string.holds.example.org:8080", "/a/long/path?and=query");
  EXPECT_EQ(counter.allocations(), 0u);
}

// Against the words of the API's description, tried one by one.
class Model {
 public:
  explicit Model(const config::RouteTable& table) : table_(table) {}

  RouteResult Match(std::string_view host, std::string_view path) const {
    const config::VirtualHost* best = nullptr;
    size_t best_length = 0;
    for (const config::VirtualHost& candidate : table_.virtual_hosts) {
      for (std::string_view domain : candidate.domains) {
        const size_t length = LengthOfMatch(domain, host);
        if (length <= best_length) continue;
        best = &candidate;
        best_length = length;
      }
    }
    if (best == nullptr) return {};
    for (const config::RouteRule& rule : best->rules) {
      if (rule.path_match == PathMatch::kAny || (rule.path_match == PathMatch::kExact && path == rule.path) ||
          (rule.path_match == PathMatch::kPrefix && path.starts_with(rule.path))) {
        return {best, &rule};
      }
    }
    return {best, nullptr};
  }

 private:
  // 0 for none, 1 for "*"; an exact name is longer than any suffix.
  static size_t LengthOfMatch(std::string_view domain, std::string_view host) {
    if (domain == host) return 1'000;
    if (domain == "*") return 1;
    if (!domain.starts_with("*.")) return 0;
    const std::string_view suffix = domain.substr(1);
    return host.size() > suffix.size() && host.ends_with(suffix) ? suffix.size() : 0;
  }

  const config::RouteTable& table_;
};

TEST(Router, BehavesAsHostsAndRulesTriedOneByOne) {
  std::mt19937 random(1);
  const auto random_host = [&] {
    std::string host(1, "abc"[random() % 3]);
    while (random() % 3 != 0) absl::StrAppend(&host, ".", std::string(1, "abc"[random() % 3]));
    return host;
  };
  const auto random_path = [&] {
    std::string path = "/";
    while (random() % 5 != 0) path += "ab/"[random() % 3];
    return path;
  };
  for (int round = 0; round < 300; ++round) {
    auto table = std::make_shared<config::RouteTable>();
    table->virtual_hosts.resize(random() % 10);
    for (config::VirtualHost& host : table->virtual_hosts) {
      for (size_t i = random() % 4; i > 0; --i) {
        const char* const before[] = {"", "", "*."};
        host.domains.push_back(random() % 10 == 0 ? "*" : absl::StrCat(before[random() % 3], random_host()));
      }
      for (size_t i = random() % 8; i > 0; --i) {
        host.rules.push_back(Rule("", static_cast<PathMatch>(random() % 8 == 0 ? 0 : 1 + random() % 2), random_path()));
      }
    }
    const Router router(table);
    const Model model(*table);
    for (int i = 0; i < 200; ++i) {
      const std::string host = random_host();
      const std::string path = random_path();
      const RouteResult result = router.Match(host, path);
      const RouteResult expected = model.Match(host, path);
      ASSERT_EQ(result.host, expected.host) << host;
      ASSERT_EQ(result.rule, expected.rule) << path;
    }
  }
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
