#include "dataplane/routing/router.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"

namespace fairlead::routing {
namespace {

using Pattern = PatternTree::Pattern;

// The longest name that DNS can hold (RFC 1035 §2.3.4).
constexpr size_t kLongestHost = 255;

// Names may end with the dot of DNS's root.
std::string_view WithoutRootDot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

// Without the port and the root's dot; empty when it is no host's name.
std::string_view HostOf(std::string_view authority) {
  const size_t address_end = authority.starts_with('[') ? authority.find(']') : 0;  // an IPv6 address has colons
  const std::string_view host = WithoutRootDot(authority.substr(0, authority.find(':', address_end)));
  // A name that begins with a dot has no label in front of a "*.suffix".
  if (host.size() > kLongestHost || host.starts_with('.')) return {};
  return host;
}

void ReverseInLowerCase(std::string_view text, auto output) {
  std::transform(text.rbegin(), text.rend(), output, absl::ascii_tolower);
}

// How the domains of a table are matched: one name of one host.
struct Domain {
  std::string text;  // lower case, back to front, without the '*'
  Pattern::Kind kind;
  uint32_t host;  // index into the table's hosts
};

Domain CompileDomain(std::string_view name, uint32_t host) {
  Domain domain = {.text = "", .kind = Pattern::Kind::kExact, .host = host};
  if (name == "*" || name.starts_with("*.")) {
    domain.kind = Pattern::Kind::kPrefix;
    name.remove_prefix(1);
  }
  name = WithoutRootDot(name);
  domain.text.resize(name.size());
  ReverseInLowerCase(name, domain.text.begin());
  return domain;
}

std::vector<Domain> DomainsFromBestMatch(const config::RouteTable& table) {
  std::vector<Domain> domains;
  for (uint32_t host = 0; host < table.virtual_hosts.size(); ++host) {
    for (const std::string& name : table.virtual_hosts[host].domains) domains.push_back(CompileDomain(name, host));
  }
  // Of two that match the same name the longer is the better: an exact name is longer than its suffixes.
  std::sort(domains.begin(), domains.end(), [](const Domain& a, const Domain& b) {
    return a.text.size() == b.text.size() ? a.host < b.host : a.text.size() > b.text.size();
  });
  return domains;
}

PatternTree TreeOf(const std::vector<Domain>& domains) {
  std::vector<Pattern> patterns;
  patterns.reserve(domains.size());
  for (const Domain& domain : domains) {
    patterns.push_back({domain.text, domain.kind, static_cast<uint32_t>(patterns.size())});
  }
  return PatternTree(std::move(patterns));
}

}  // namespace

Router::Router(std::shared_ptr<const config::RouteTable> table) : table_(std::move(table)), domains_({}) {
  for (const config::VirtualHost& host : table_->virtual_hosts) hosts_.push_back({&host, RuleIndex(host.rules)});
  const std::vector<Domain> domains = DomainsFromBestMatch(*table_);
  domains_ = TreeOf(domains);
  for (const Domain& domain : domains) hosts_of_domains_.push_back(domain.host);
}

RouteResult Router::Match(const RequestView& request) const {
  const std::string_view name = HostOf(request.authority);
  std::array<char, kLongestHost> reversed;
  ReverseInLowerCase(name, reversed.begin());
  const uint32_t domain = domains_.Find({reversed.data(), name.size()});
  if (domain == PatternTree::kNone) return {};

  const Host& host = hosts_[hosts_of_domains_[domain]];
  const uint32_t rule = host.rules.Find(request);
  if (rule == RuleIndex::kNone) return {.host = host.host};
  return {.host = host.host, .rule = &host.host->rules[rule]};
}

config::BackendSlot ChooseBackend(const config::RouteRule& rule, uint64_t random) {
  uint64_t point = static_cast<uint64_t>((static_cast<unsigned __int128>(random) * rule.total_weight) >> 64);
  for (const config::WeightedBackend& backend : rule.backends) {
    if (point < backend.weight) return backend.backend;
    point -= backend.weight;
  }
  return kNoBackend;
}

}  // namespace fairlead::routing
