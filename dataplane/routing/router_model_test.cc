#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/config/route_table.h"
#include "dataplane/routing/router.h"
#include "dataplane/routing/test_request.h"

// The router against the words of the API's description, hosts and rules tried one by one, for random tables and
// requests. Names and values are few, so that rules overlap in every way.
namespace fairlead::routing {
namespace {

using config::PathMatch;

class Model {
 public:
  explicit Model(const config::RouteTable& table) : table_(table) {}

  RouteResult Match(const TestRequest& request) const {
    const config::VirtualHost* best = nullptr;
    size_t best_length = 0;
    for (const config::VirtualHost& candidate : table_.virtual_hosts) {
      for (std::string_view domain : candidate.domains) {
        const size_t length = LengthOfMatch(domain, request.authority);
        if (length <= best_length) continue;
        best = &candidate;
        best_length = length;
      }
    }
    if (best == nullptr) return {};
    for (const config::RouteRule& rule : best->rules) {
      if (Matches(rule.match, request)) return {best, &rule};
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

  static bool Matches(const config::RouteMatch& match, const TestRequest& request) {
    const std::string path(request.view().path);
    if (match.path_match == PathMatch::kExact && path != match.path) return false;
    if (match.path_match == PathMatch::kPrefix && !path.starts_with(match.path)) return false;
    if (match.path_match == PathMatch::kRegex && (path == "*" || !match.path_regex->MatchesWhole(path))) {
      return false;
    }
    if (!match.methods.empty() &&
        std::find(match.methods.begin(), match.methods.end(), request.method) == match.methods.end()) {
      return false;
    }
    if (match.source_networks != nullptr && !match.source_networks->Contains(request.source)) return false;
    for (const config::HeaderMatch& header : match.headers) {
      if (!Matches(header, request.list)) return false;
    }
    for (const config::QueryMatch& parameter : match.query) {
      if (!Matches(parameter, std::string(request.view().query))) return false;
    }
    return true;
  }

  static bool Matches(const config::HeaderMatch& header, const http::FieldList& fields) {
    using Kind = config::HeaderMatch::Kind;
    bool is_there = false;
    bool matches = false;
    for (const http::FieldList::Field& field : fields) {
      if (fields.name(field) != header.name) continue;
      is_there = true;
      const std::string value(fields.value(field));
      matches |= header.kind == Kind::kExact    ? value == header.text
                 : header.kind == Kind::kPrefix ? value.starts_with(header.text)
                 : header.kind == Kind::kRegex  ? header.regex->MatchesWhole(value)
                                                : true;
    }
    return header.kind == Kind::kAbsent ? !is_there : matches;
  }

  // The random queries have nothing to decode.
  static bool Matches(const config::QueryMatch& parameter, std::string query) {
    using Kind = config::QueryMatch::Kind;
    for (query += '&'; !query.empty(); query.erase(0, query.find('&') + 1)) {
      const std::string one = query.substr(0, query.find('&'));
      const std::string value = one.find('=') == one.npos ? "" : one.substr(one.find('=') + 1);
      if (one.empty() || one.substr(0, one.find('=')) != parameter.name) continue;
      if (parameter.kind == Kind::kExact && value != parameter.text) continue;
      if (parameter.kind == Kind::kRegex && !parameter.regex->MatchesWhole(value)) continue;
      return true;
    }
    return false;
  }

  const config::RouteTable& table_;
};

class Randomly {
 public:
  explicit Randomly(uint32_t seed) : random_(seed) {}

  size_t Below(size_t n) { return random_() % n; }
  bool OneIn(size_t n) { return Below(n) == 0; }

  std::string Host() {
    std::string host(1, "abc"[Below(3)]);
    while (!OneIn(3)) host += std::string(".") + "abc"[Below(3)];
    return host;
  }
  std::string Path() {
    std::string path = "/";
    while (!OneIn(5)) path += "ab/"[Below(3)];
    return path;
  }
  std::string Pattern() {
    const char* const pieces[] = {"a", "b", "/", "ab", "/a", "[ab]", "(ab|/b)", "(a/)*", "b+", "(/|ba)?", "."};
    std::string pattern = OneIn(4) ? "" : "/";
    do pattern += pieces[Below(std::size(pieces))];
    while (!OneIn(3));
    if (OneIn(3)) pattern += ".*";
    return pattern;
  }
  std::string Name() { return std::string(1, "xyz"[Below(3)]); }
  // A few in tests of small groups, many where they are to be hashed.
  std::string Value() { return std::to_string(Below(values_)); }
  std::string Method() {
    const char* const methods[] = {"GET", "POST", "PUT", "LINK", "UNLINK"};
    return methods[Below(std::size(methods))];
  }

  config::HeaderMatch Header() {
    using Kind = config::HeaderMatch::Kind;
    config::HeaderMatch header{.name = Name(), .kind = OneIn(2) ? Kind::kExact : static_cast<Kind>(Below(5))};
    if (header.kind == Kind::kExact || header.kind == Kind::kPrefix) header.text = Value();
    if (header.kind == Kind::kRegex) header.regex = *base::Regex::Compile("[0-3]|1.*");
    return header;
  }
  std::shared_ptr<const net::NetworkSet> Networks() {
    const char* const network = OneIn(2) ? "10.0.0.0/31" : "10.0.0.2/32";
    return std::make_shared<const net::NetworkSet>(std::vector{*net::Network::Parse(network)});
  }
  config::QueryMatch Parameter() {
    using Kind = config::QueryMatch::Kind;
    config::QueryMatch parameter{.name = Name(), .kind = static_cast<Kind>(Below(3))};
    if (parameter.kind == Kind::kExact) parameter.text = Value();
    if (parameter.kind == Kind::kRegex) parameter.regex = *base::Regex::Compile("[0-3]|1.*");
    return parameter;
  }
  config::RouteRule Rule() {
    const PathMatch path_match = static_cast<PathMatch>(OneIn(8) ? 0 : 1 + Below(3));
    config::RouteRule rule = TestRule("", path_match, path_match == PathMatch::kRegex ? Pattern() : Path());
    if (OneIn(3)) rule.match.methods = {Method(), Method()};
    if (OneIn(6)) rule.match.source_networks = Networks();
    while (OneIn(3)) rule.match.headers.push_back(Header());
    while (OneIn(5)) rule.match.query.push_back(Parameter());
    return rule;
  }
  config::RouteTable Table() {
    values_ = OneIn(2) ? 3 : 20;
    config::RouteTable table;
    table.virtual_hosts.resize(Below(6));
    const size_t rules = OneIn(3) ? 60 : 8;
    for (config::VirtualHost& host : table.virtual_hosts) {
      for (size_t i = Below(4); i > 0; --i) host.domains.push_back(OneIn(5) ? "*" : (OneIn(3) ? "*." : "") + Host());
      for (size_t i = Below(rules); i > 0; --i) host.rules.push_back(Rule());
    }
    return table;
  }

  std::unique_ptr<TestRequest> Request() {
    TestRequest::Fields fields;
    while (!OneIn(3)) fields.push_back({Name(), Value()});
    std::string target = OneIn(20) ? "*" : Path();
    if (OneIn(2)) target += '?';
    while (target.find('?') != target.npos && !OneIn(3)) target += Name() + (OneIn(4) ? "" : "=" + Value()) + '&';
    auto request = std::make_unique<TestRequest>(target, fields, Method(), Host());
    const char* const sources[] = {"10.0.0.0:1", "10.0.0.1:1", "10.0.0.2:1", "[::1]:1"};
    request->source = *net::Address::Parse(sources[Below(std::size(sources))]);
    return request;
  }

 private:
  std::mt19937 random_;
  size_t values_ = 3;
};

TEST(RouterModel, BehavesAsHostsAndRulesTriedOneByOne) {
  int matched = 0;
  int by_regex = 0;
  for (uint32_t seed = 1; seed <= 1'000; ++seed) {
    Randomly randomly(seed);
    const auto table = std::make_shared<const config::RouteTable>(randomly.Table());
    const Router router(table);
    const Model model(*table);
    for (int i = 0; i < 30; ++i) {
      const std::unique_ptr<TestRequest> request = randomly.Request();
      const RouteResult result = router.Match(request->view());
      const RouteResult expected = model.Match(*request);
      ASSERT_EQ(result.host, expected.host) << "seed " << seed << ": " << request->authority;
      ASSERT_EQ(result.rule, expected.rule) << "seed " << seed << ": " << request->method << " " << request->target;
      matched += result.rule != nullptr;
      by_regex += result.rule != nullptr && result.rule->match.path_match == PathMatch::kRegex;
    }
  }
  EXPECT_GT(matched, 5'000);
  EXPECT_GT(by_regex, 500);
}

}  // namespace
}  // namespace fairlead::routing
