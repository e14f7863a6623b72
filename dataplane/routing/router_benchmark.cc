// What a request pays to be routed: in a table of one host and two rules, among 10,000 hosts, and among 10,000 rules.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "dataplane/config/route_table.h"
#include "dataplane/routing/router.h"

namespace fairlead::routing {
namespace {

config::RouteRule Rule(config::PathMatch path_match, std::string path) {
  config::RouteRule rule;
  rule.path_match = path_match;
  rule.path = std::move(path);
  return rule;
}

void Match(benchmark::State& state, const config::RouteTable& table, const std::vector<std::string>& authorities,
           const std::vector<std::string>& targets) {
  const Router router(std::make_shared<const config::RouteTable>(table));
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(router.Match(authorities[i % authorities.size()], targets[i % targets.size()]));
    i += 7'919;  // from one part of the tree to another
  }
}

void OneHost(benchmark::State& state) {
  config::RouteTable table;
  table.virtual_hosts = {
      {"all", {"*"}, {Rule(config::PathMatch::kPrefix, "/api/"), Rule(config::PathMatch::kPrefix, "/")}}};
  Match(state, table, {"www.example.org:8080"}, {"/api/users/1?verbose", "/index.html"});
}
BENCHMARK(OneHost);

void TenThousandHosts(benchmark::State& state) {
  config::RouteTable table;
  std::vector<std::string> authorities;
  for (int i = 0; i < 10'000; ++i) {
    const std::string domain = absl::StrCat("customer-", i * 7'919 % 10'000, ".example", i % 7, ".org");
    table.virtual_hosts.push_back(
        {domain, {i % 2 == 0 ? domain : absl::StrCat("*.", domain)}, {Rule(config::PathMatch::kAny, "")}});
    authorities.push_back(i % 2 == 0 ? domain : absl::StrCat("www.", domain, ":8080"));
  }
  Match(state, table, authorities, {"/"});
}
BENCHMARK(TenThousandHosts);

void TenThousandRules(benchmark::State& state) {
  config::RouteTable table;
  std::vector<std::string> targets;
  table.virtual_hosts = {{"all", {"*"}, {}}};
  for (int i = 0; i < 10'000; ++i) {
    const std::string path = absl::StrCat("/team-", i % 97, "/service-", i, "/");
    const bool exact = i % 2 == 0;
    table.virtual_hosts[0].rules.push_back(Rule(exact ? config::PathMatch::kExact : config::PathMatch::kPrefix, path));
    targets.push_back(absl::StrCat(path, exact ? "?page=1" : "users/1234/orders?page=1"));
  }
  Match(state, table, {"www.example.org"}, targets);
}
BENCHMARK(TenThousandRules);

void BuildTenThousandRules(benchmark::State& state) {
  auto table = std::make_shared<config::RouteTable>();
  table->virtual_hosts = {{"all", {"*"}, {}}};
  for (int i = 0; i < 10'000; ++i) {
    table->virtual_hosts[0].rules.push_back(
        Rule(config::PathMatch::kPrefix, absl::StrCat("/team-", i % 97, "/service-", i, "/")));
  }
  for (auto _ : state) benchmark::DoNotOptimize(Router(table));
}
BENCHMARK(BuildTenThousandRules)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::routing
