// What a request pays to be routed: in a table of one host and two rules, among 10,000 hosts of some rules, and among
// 10,000 rules of every kind. Targets and fields cover the whole table, so that each lookup finds another part of it;
// the request itself is in the caches, as one that has just been parsed.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "dataplane/config/route_table.h"
#include "dataplane/routing/router.h"
#include "dataplane/routing/test_request.h"

namespace fairlead::routing {
namespace {

constexpr int kMany = 10'000;

constexpr auto Rule = TestRule;

// Fields as a browser sends them, and one more.
class Fields {
 public:
  explicit Fields(std::string name = "Accept-Charset", std::string value = "*")
      : request_("/", {{"Host", "www.example.org"},
                       {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"},
                       {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
                       {"Accept-Language", "en-US,en;q=0.5"},
                       {"Accept-Encoding", "gzip, deflate, br"},
                       {"Cookie", "session=0123456789abcdef0123456789abcdef"},
                       {"Referer", "https://www.example.org/"},
                       {std::move(name), std::move(value)}}) {}

  const http::FieldList* list() const { return &request_.list; }
  // Of the last field; overwritten by another of the same length.
  char* value() { return request_.bytes.data() + request_.list.back().value_offset; }

 private:
  TestRequest request_;
};

struct Request {
  std::string target;
  const http::FieldList* fields;
  std::string method = "GET";
  std::string authority = "www.example.org";

  RequestView view() const {
    const std::string_view text = target;
    const size_t mark = text.find('?');
    return {.authority = authority,
            .path = text.substr(0, mark),
            .query = mark == text.npos ? std::string_view() : text.substr(mark + 1),
            .method = http::FindMethod(method),
            .method_text = method,
            .fields = fields,
            .source = nullptr};
  }
};

// Each request finds a rule, or the benchmark fails.
void Match(benchmark::State& state, config::RouteTable table, const std::vector<Request>& requests) {
  const Router router(std::make_shared<const config::RouteTable>(std::move(table)));
  std::vector<RequestView> views;
  for (const Request& request : requests) views.push_back(request.view());
  size_t i = 0;
  for (auto _ : state) {
    const RouteResult result = router.Match(views[i]);
    if (result.rule == nullptr) state.SkipWithError("no route");
    benchmark::DoNotOptimize(result);
    i = (i + 7'919) % views.size();  // from one part of the tree to another
  }
}

config::RouteTable OneHostOf(std::vector<config::RouteRule> rules) {
  config::RouteTable table;
  table.virtual_hosts = {{"all", {"*"}, std::move(rules)}};
  return table;
}

config::RouteRule WithHeader(config::RouteRule rule, std::string name, std::string value) {
  rule.match.headers.push_back(
      {.name = std::move(name), .kind = config::HeaderMatch::Kind::kExact, .text = std::move(value), .regex = nullptr});
  return rule;
}

config::RouteRule WithMethod(config::RouteRule rule, std::string method) {
  rule.match.methods = {std::move(method)};
  return rule;
}

void OneHost(benchmark::State& state) {
  const Fields fields;
  Match(state, OneHostOf({Rule("", config::PathMatch::kPrefix, "/api/"), Rule("", config::PathMatch::kPrefix, "/")}),
        {{"/api/users/1?verbose", fields.list()}, {"/index.html", fields.list()}});
}
BENCHMARK(OneHost);

// Four rules each: an API by two methods, a beta version by a field, and the rest.
void TenThousandHosts(benchmark::State& state) {
  const Fields plain, beta("X-Version", "beta");
  config::RouteTable table;
  std::vector<Request> requests;
  for (int i = 0; i < kMany; ++i) {
    const std::string domain = absl::StrCat("customer-", i * 7'919 % kMany, ".example", i % 7, ".org");
    table.virtual_hosts.push_back({domain,
                                   {i % 2 == 0 ? domain : absl::StrCat("*.", domain)},
                                   {WithMethod(Rule("", config::PathMatch::kPrefix, "/api/"), "GET"),
                                    WithMethod(Rule("", config::PathMatch::kPrefix, "/api/"), "POST"),
                                    WithHeader(Rule("", config::PathMatch::kPrefix, "/"), "x-version", "beta"),
                                    Rule("", config::PathMatch::kAny, "")}});
    requests.push_back({i % 5 == 0 ? "/api/users" : "/index.html", i % 3 == 0 ? beta.list() : plain.list(),
                        i % 4 == 0 ? "POST" : "GET", i % 2 == 0 ? domain : absl::StrCat("www.", domain, ":8080")});
  }
  Match(state, std::move(table), requests);
}
BENCHMARK(TenThousandHosts);

void TenThousandPaths(benchmark::State& state) {
  const Fields fields;
  std::vector<config::RouteRule> rules;
  std::vector<Request> requests;
  for (int i = 0; i < kMany; ++i) {
    const std::string path = absl::StrCat("/team-", i % 97, "/service-", i, "/");
    const bool exact = i % 2 == 0;
    rules.push_back(Rule("", exact ? config::PathMatch::kExact : config::PathMatch::kPrefix, path));
    requests.push_back({absl::StrCat(path, exact ? "?page=1" : "users/1234/orders?page=1"), fields.list()});
  }
  Match(state, OneHostOf(std::move(rules)), requests);
}
BENCHMARK(TenThousandPaths);

// 2,500 paths, each with a rule for a method and a field, one for the method, one for the field, and the rest.
void TenThousandRulesWithMethodsAndFields(benchmark::State& state) {
  const Fields plain, beta("X-Version", "beta"), alpha("X-Version", "alpha");
  std::vector<config::RouteRule> rules;
  std::vector<Request> requests;
  for (int i = 0; i < kMany / 4; ++i) {
    const std::string path = absl::StrCat("/team-", i % 97, "/service-", i, "/");
    const auto rule = [&] {
      return Rule("", i % 2 == 0 ? config::PathMatch::kExact : config::PathMatch::kPrefix, path);
    };
    rules.push_back(WithHeader(WithMethod(rule(), "POST"), "x-version", "beta"));
    rules.push_back(WithMethod(rule(), "POST"));
    rules.push_back(WithHeader(rule(), "x-version", "beta"));
    rules.push_back(rule());
    requests.push_back({path, beta.list(), "POST"});
    requests.push_back({path, plain.list(), "POST"});
    requests.push_back({path, beta.list()});
    requests.push_back({path, alpha.list()});
  }
  Match(state, OneHostOf(std::move(rules)), requests);
}
BENCHMARK(TenThousandRulesWithMethodsAndFields);

// All of the same path.
void TenThousandTenantsByField(benchmark::State& state) {
  config::RouteTable table = OneHostOf({});
  std::vector<std::string> tenants;
  for (int i = 0; i < kMany; ++i) {
    tenants.push_back(absl::StrCat("tenant-", kMany + i));
    table.virtual_hosts[0].rules.push_back(
        WithHeader(Rule("", config::PathMatch::kPrefix, "/"), "x-tenant", tenants.back()));
  }
  const Router router(std::make_shared<const config::RouteTable>(std::move(table)));
  Fields fields("X-Tenant", tenants.front());
  const Request request{"/users/1", fields.list()};
  const RequestView view = request.view();
  size_t i = 0;
  for (auto _ : state) {
    tenants[i].copy(fields.value(), tenants[i].size());
    const RouteResult result = router.Match(view);
    if (result.rule != &router.table().virtual_hosts[0].rules[i]) state.SkipWithError("another rule");
    i = (i + 7'919) % tenants.size();
  }
}
BENCHMARK(TenThousandTenantsByField);

// Expressions that begin with a literal, and such with one in their middle; requests for some of them, and for all,
// which is slower, since an expression's states are several KiB.
void ThousandsOfRegexes(benchmark::State& state) {
  const Fields fields;
  std::vector<config::RouteRule> rules;
  std::vector<Request> requests;
  for (int i = 0; i < state.range(0); ++i) {
    const bool begins = i % 2 == 0;
    rules.push_back(Rule("", config::PathMatch::kRegex,
                         begins ? absl::StrCat("/team-", i, "/users/[0-9]+(/.*)?")
                                : absl::StrCat("/api/(v1|v2)/tenants/[a-z0-9-]+/service-", i, "/.*")));
    if (i * 7'919 % state.range(0) >= state.range(1)) continue;
    requests.push_back({begins ? absl::StrCat("/team-", i, "/users/1234/orders")
                               : absl::StrCat("/api/v2/tenants/x-7/service-", i, "/a"),
                        fields.list()});
  }
  Match(state, OneHostOf(std::move(rules)), requests);
}
BENCHMARK(ThousandsOfRegexes)->ArgNames({"rules", "used"})->Args({10, 10})->Args({1'000, 100})->Args({1'000, 1'000});
BENCHMARK(ThousandsOfRegexes)->ArgNames({"rules", "used"})->Args({5'000, 100})->Args({5'000, 5'000});

// All workers match the same expression at once: what its lock costs them.
void OneRegexForAllThreads(benchmark::State& state) {
  static const auto regex = *base::Regex::Compile("/team-[0-9]+/users/[0-9]+(/.*)?");
  for (auto _ : state) benchmark::DoNotOptimize(regex->MatchesWhole("/team-17/users/1234/orders"));
}
BENCHMARK(OneRegexForAllThreads)->ThreadRange(1, 4)->UseRealTime();

void BuildTenThousandRules(benchmark::State& state) {
  auto table = std::make_shared<config::RouteTable>();
  table->virtual_hosts = {{"all", {"*"}, {}}};
  for (int i = 0; i < kMany; ++i) {
    table->virtual_hosts[0].rules.push_back(
        Rule("", config::PathMatch::kPrefix, absl::StrCat("/team-", i % 97, "/service-", i, "/")));
  }
  for (auto _ : state) benchmark::DoNotOptimize(Router(table));
}
BENCHMARK(BuildTenThousandRules)->Unit(benchmark::kMillisecond);

void BuildAThousandRegexes(benchmark::State& state) {
  auto table = std::make_shared<config::RouteTable>();
  table->virtual_hosts = {{"all", {"*"}, {}}};
  for (int i = 0; i < 1'000; ++i) {
    table->virtual_hosts[0].rules.push_back(
        Rule("", config::PathMatch::kRegex, absl::StrCat("/team-", i, "/users/[0-9]+(/.*)?")));
  }
  for (auto _ : state) benchmark::DoNotOptimize(Router(table));
}
BENCHMARK(BuildAThousandRegexes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::routing
