#include "dataplane/routing/router.h"

#include <string>
#include <utility>

namespace fairlead::routing {
namespace {

// Without the port.
std::string_view HostOf(std::string_view authority) {
  const size_t address_end = authority.starts_with('[') ? authority.find(']') : 0;  // an IPv6 address has colons
  return authority.substr(0, authority.find(':', address_end));
}

std::vector<DomainIndex::Domain> DomainsOf(const config::RouteTable& table) {
  std::vector<DomainIndex::Domain> domains;
  for (uint32_t host = 0; host < table.virtual_hosts.size(); ++host) {
    for (const std::string& name : table.virtual_hosts[host].domains) domains.push_back({name, host});
  }
  return domains;
}

}  // namespace

Router::Router(std::shared_ptr<const config::RouteTable> table)
    : table_(std::move(table)), domains_(DomainsOf(*table_)) {
  for (const config::VirtualHost& host : table_->virtual_hosts) hosts_.push_back({&host, RuleIndex(host.rules)});
}

RouteResult Router::Match(const RequestView& request) const {
  const uint32_t index = domains_.Find(HostOf(request.authority));
  if (index == DomainIndex::kNone) return {};

  const Host& host = hosts_[index];
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
