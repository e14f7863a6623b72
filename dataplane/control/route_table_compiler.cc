#include "dataplane/control/route_table_compiler.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/domain_name.h"
#include "dataplane/control/in_use.h"
#include "dataplane/control/regex_cache.h"
#include "dataplane/control/route_action_compiler.h"
#include "dataplane/control/route_match_compiler.h"
#include "dataplane/control/upgrades_compiler.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/metrics/rule_counters.h"
#include "dataplane/routing/router.h"

namespace fairlead::control {
namespace {

constexpr uint32_t kMaxWeight = 1'000'000;

// Counters of rules that the table had before, by the ids of virtual host and rule.
using RuleCounters = absl::flat_hash_map<std::pair<std::string, std::string>, std::shared_ptr<metrics::RuleCounters>>;

RuleCounters CountersOf(const config::RouteTable& table) {
  RuleCounters counters;
  for (const config::VirtualHost& host : table.virtual_hosts) {
    for (const config::RouteRule& rule : host.rules) counters.emplace(std::pair(host.id, rule.id), rule.counters);
  }
  return counters;
}

// Rules that stay keep their counters, others get new ones.
void SetCounters(config::RouteTable& table, const config::RouteTable* before, int workers) {
  const RuleCounters kept = before == nullptr ? RuleCounters() : CountersOf(*before);
  for (config::VirtualHost& host : table.virtual_hosts) {
    for (config::RouteRule& rule : host.rules) {
      const auto place = kept.find(std::pair(host.id, rule.id));
      rule.counters = place == kept.end() ? std::make_shared<metrics::RuleCounters>(workers) : place->second;
    }
  }
}

// Compiles one table against the backends that there are at the end of the transaction.
class TableCompiler {
 public:
  // `before`: the table as it is served now; null for a new one.
  TableCompiler(const PlannedSlots& backends, const config::RouteTable* before, Violations& violations)
      : backends_(backends), violations_(violations), regexes_(before) {}

  // Without the rules' counters.
  std::shared_ptr<config::RouteTable> Compile(const v1::RouteTable& message, const Path& place);

  // That the table refers to, with repetitions.
  std::vector<config::BackendSlot>& backends() { return referred_to_; }

 private:
  config::VirtualHost CompileHost(const v1::VirtualHost& message, const Path& place);
  void CompileDomains(const v1::VirtualHost& message, const Path& place, config::VirtualHost& host);
  config::RouteRule CompileRule(const v1::RouteRule& message, const Path& place);
  void CompileForBackends(const v1::RouteRule& message, const Path& place, config::RouteRule& rule);
  void CompileBackends(const v1::RouteRule& message, const Path& place, config::RouteRule& rule);

  const PlannedSlots& backends_;
  Violations& violations_;
  RegexCache regexes_;
  std::vector<config::BackendSlot> referred_to_;
  // Of the whole table, in lower case.
  absl::flat_hash_set<std::string> domains_;
};

std::shared_ptr<config::RouteTable> TableCompiler::Compile(const v1::RouteTable& message, const Path& place) {
  auto table = std::make_shared<config::RouteTable>();
  table->id = message.id();
  absl::flat_hash_set<std::string> ids;
  for (const v1::VirtualHost& host : message.virtual_hosts()) {
    const Path host_place(place, "virtual_hosts", host.id());
    if (CheckId(host.id(), Path(host_place, "id"), violations_) && !ids.insert(host.id()).second) {
      violations_.Add(v1::Violation::ALREADY_EXISTS, host_place, "twice in this route table");
    }
    table->virtual_hosts.push_back(CompileHost(host, host_place));
  }
  return table;
}

config::VirtualHost TableCompiler::CompileHost(const v1::VirtualHost& message, const Path& place) {
  config::VirtualHost host;
  host.id = message.id();
  CompileDomains(message, place, host);
  absl::flat_hash_set<std::string> ids;
  for (const v1::RouteRule& rule : message.rules()) {
    const Path rule_place(place, "rules", rule.id());
    if (CheckId(rule.id(), Path(rule_place, "id"), violations_) && !ids.insert(rule.id()).second) {
      violations_.Add(v1::Violation::ALREADY_EXISTS, rule_place, "twice in this virtual host");
    }
    host.rules.push_back(CompileRule(rule, rule_place));
  }
  return host;
}

void TableCompiler::CompileDomains(const v1::VirtualHost& message, const Path& place, config::VirtualHost& host) {
  if (message.domains().empty()) violations_.Invalid(Path(place, "domains"), "none; want at least one");
  for (int i = 0; i < message.domains_size(); ++i) {
    host.domains.push_back(
        CheckDomainPattern(message.domains(i), "route table", domains_, Path(place, "domains", i), violations_));
  }
}

config::RouteRule TableCompiler::CompileRule(const v1::RouteRule& message, const Path& place) {
  config::RouteRule rule;
  rule.id = message.id();
  rule.match = CompileRouteMatch(message.match(), Path(place, "match"), regexes_, violations_);
  if (message.has_max_body_bytes()) {
    rule.max_body_bytes = message.max_body_bytes() == 0 ? UINT64_MAX : message.max_body_bytes();
  }
  const int actions = (message.backends_size() > 0) + message.has_redirect() + message.has_respond();
  if (actions != 1) {
    violations_.Invalid(place, base::StrCat(actions == 0 ? "none" : "more than one",
                                            " of backends, redirect and respond; want exactly one"));
  }
  if (message.backends_size() > 0) CompileBackends(message, place, rule);
  if (message.has_redirect()) {
    rule.redirect = CompileRedirect(message.redirect(), rule.match, Path(place, "redirect"), violations_);
  }
  if (message.has_respond()) rule.respond = CompileRespond(message.respond(), Path(place, "respond"), violations_);
  if (message.has_response_headers()) {
    rule.response_headers =
        CompileHeaderChanges(message.response_headers(), Path(place, "response_headers"), violations_);
  }
  CompileForBackends(message, place, rule);
  return rule;
}

// What makes sense only where a server is asked.
void TableCompiler::CompileForBackends(const v1::RouteRule& message, const Path& place, config::RouteRule& rule) {
  const auto check = [&](std::string_view field) {
    if (message.backends_size() == 0) violations_.Invalid(Path(place, field), "only with backends");
  };
  if (message.has_timeout()) {
    check("timeout");
    rule.timeout = CheckDuration(message.timeout(), Path(place, "timeout"), violations_);
  }
  if (message.has_idle_timeout()) {
    check("idle_timeout");
    rule.idle_timeout = CheckDuration(message.idle_timeout(), Path(place, "idle_timeout"), violations_);
  }
  if (message.has_rewrite()) {
    check("rewrite");
    rule.rewrite = CompileRewrite(message.rewrite(), rule.match, Path(place, "rewrite"), regexes_, violations_);
  }
  if (message.upgrades_size() > 0) {
    check("upgrades");
    rule.upgrades = CompileUpgrades(message, place, violations_);
  }
  if (message.allow_connect()) {
    check("allow_connect");
    if (rule.match.path_match != config::PathMatch::kAny) {
      violations_.Invalid(Path(place, "allow_connect"), "set beside a path; CONNECT has none");
    }
    rule.allow_connect = true;
  }
  if (message.has_grpc_retry()) {
    check("grpc_retry");
    rule.grpc_retry = CompileGrpcRetry(message.grpc_retry(), Path(place, "grpc_retry"), violations_);
  }
  if (message.has_request_headers()) {
    check("request_headers");
    rule.request_headers = CompileHeaderChanges(message.request_headers(), Path(place, "request_headers"), violations_);
  }
}

void TableCompiler::CompileBackends(const v1::RouteRule& message, const Path& place, config::RouteRule& rule) {
  for (int i = 0; i < message.backends_size(); ++i) {
    const v1::WeightedBackend& weighted = message.backends(i);
    const Path weighted_place(place, "backends", i);
    config::WeightedBackend& compiled = rule.backends.emplace_back();
    if (weighted.has_weight()) {
      compiled.weight = CheckRange(weighted.weight(), 0, kMaxWeight, Path(weighted_place, "weight"), violations_);
    }
    rule.total_weight += compiled.weight;
    if (const std::optional<config::BackendSlot> slot = backends_.Find(weighted.backend())) {
      compiled.backend = *slot;
      referred_to_.push_back(*slot);
    } else {
      violations_.Add(v1::Violation::NOT_FOUND, Path(weighted_place, "backend"),
                      NotThere("backend", weighted.backend()));
    }
  }
  if (rule.total_weight == 0) violations_.Invalid(Path(place, "backends"), "all weights are 0; want one above");
}

void Put(Compilation& compilation, const v1::RouteTable& message, const Path& place) {
  Staged& staged = compilation.staged;
  const std::optional<config::RouteTableSlot> now = compilation.store.route_tables().Find(message.id());
  const absl::uint128 digest = compilation.DigestOf(api::ResourceKind::kRouteTable, message);
  const config::RouteTable* before = now ? &staged.snapshot.route_tables[*now]->table() : nullptr;
  const bool same = before != nullptr && before->digest == digest;
  // The same table may refer to a backend that goes.
  if (same && !staged.backends.removes_any()) return;

  compilation.rules.Check(message, place, compilation.violations);
  TableCompiler compiler(staged.backends, before, compilation.violations);
  std::shared_ptr<config::RouteTable> table = compiler.Compile(message, place);
  if (same) return;
  table->digest = digest;
  if (before == nullptr) {
    compilation.CountAdded(digest);
  } else {
    compilation.CountChanged(before->digest, digest);
  }
  const config::RouteTableSlot slot = now ? *now : staged.route_tables.Add(message.id());
  staged.route_table_updates.push_back(
      {slot, std::move(compiler.backends()), std::make_shared<const v1::RouteTable>(message)});
  staged.changes.route_tables.push_back(slot);
  // A table with faults is none that a router can be made of.
  if (!compilation.violations.empty()) return;
  SetCounters(*table, before, compilation.workers);
  PutAt(staged.snapshot.route_tables, slot, std::make_shared<const routing::Router>(std::move(table)));
}

void Remove(Compilation& compilation, std::string_view id, config::RouteTableSlot slot) {
  Staged& staged = compilation.staged;
  compilation.CountRemoved(staged.snapshot.route_tables[slot]->table().digest);
  staged.route_tables.Remove(id);
  staged.route_table_updates.push_back({slot, {}, nullptr});
  staged.changes.route_tables.push_back(slot);
  PutAt(staged.snapshot.route_tables, slot, nullptr);
}

// Listeners that go on as they are, and refer to the table. Those that the transaction touches are checked by
// themselves.
void CheckUnused(const Compilation& compilation, config::RouteTableSlot slot, const Path& place) {
  std::vector<std::string> users;
  for (config::ListenerSlot listener : compilation.store.listener_references().ReferrersOf(slot)) {
    const std::string& id = compilation.store.listener_message(listener).id();
    if (!compilation.requests.listeners.Names({id})) users.push_back(id);
  }
  AddInUse("listener", std::move(users), place, compilation.violations);
}

}  // namespace

void CompileRouteTables(Compilation& compilation) {
  const Path root;
  for (const auto& [key, message] : compilation.requests.route_tables.list()) {
    const Path place(root, "route_tables", key.id);
    if (message != nullptr) {
      Put(compilation, *message, place);
    } else if (const auto slot = compilation.store.route_tables().Find(key.id)) {
      CheckUnused(compilation, *slot, place);
      Remove(compilation, key.id, *slot);
    } else {
      compilation.violations.Add(v1::Violation::NOT_FOUND, place, "no such route table");
    }
  }
}

}  // namespace fairlead::control
