#include "dataplane/control/listener_compiler.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/access_log_compiler.h"
#include "dataplane/control/http_settings_compiler.h"
#include "dataplane/control/server_tls_compiler.h"
#include "dataplane/control/tcp_settings_compiler.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {
namespace {

constexpr uint32_t kMinHeaderBytes = 1'024;
constexpr uint32_t kMaxHeaderBytes = 65'536;
constexpr uint32_t kMaxHeaderCount = 1'000;
constexpr uint32_t kMinUriBytes = 64;
constexpr uint32_t kMaxUriBytes = 65'536;

uint64_t OrNoLimit(uint64_t limit) { return limit == 0 ? UINT64_MAX : limit; }

// Whose each address is among the listeners that the transaction puts in place.
using Addresses = absl::flat_hash_map<net::Address, std::string_view>;

void CompileUnixMode(const v1::Listener& message, const Path& place, config::Listener& listener,
                     Violations& violations) {
  if (message.unix_mode().empty()) return;
  const Path mode_place(place, "unix_mode");
  if (!std::string_view(message.address()).starts_with("unix:")) {
    violations.Invalid(mode_place, "only for a unix socket; the address is none");
  }
  listener.unix_mode = CheckFileMode(message.unix_mode(), mode_place, violations);
}

std::shared_ptr<const config::ProxyProtocolSettings> CompileProxyProtocol(const v1::ProxyProtocolReceive& message,
                                                                          const Path& place, Violations& violations) {
  auto settings = std::make_shared<config::ProxyProtocolSettings>();
  if (message.trusted_sources().empty()) {
    violations.Invalid(Path(place, "trusted_sources"), "none; want at least one network whose word is taken");
  }
  settings->trusted_sources = CheckNetworks(message.trusted_sources(), place, "trusted_sources", violations);
  if (message.has_timeout()) {
    settings->timeout = CheckDuration(message.timeout(), Path(place, "timeout"), violations);
  }
  return settings;
}

std::shared_ptr<config::Listener> CompileListener(const v1::Listener& message, const Path& place,
                                                  const PlannedSlots& backends, const PlannedSlots& route_tables,
                                                  Violations& violations) {
  auto listener = std::make_shared<config::Listener>();
  listener->id = message.id();
  if (auto address = CheckAddress(message.address(), Path(place, "address"), violations)) {
    listener->address = *std::move(address);
  }
  CompileUnixMode(message, place, *listener, violations);
  if (message.has_proxy_protocol()) {
    listener->proxy_protocol =
        CompileProxyProtocol(message.proxy_protocol(), Path(place, "proxy_protocol"), violations);
  }
  listener->max_connections = message.max_connections();
  if (message.max_connections_per_source() != 0) {
    listener->max_connections_per_source =
        CheckRange(message.max_connections_per_source(), 1, net::SourceCounts::kMaxCount,
                   Path(place, "max_connections_per_source"), violations);
  }
  listener->access_log = CompileAccessLog(message, place, violations);
  if (!message.has_http() && !message.has_tcp()) violations.Invalid(place, "neither http nor tcp; want exactly one");
  if (message.has_http() && message.has_tcp()) violations.Invalid(place, "both http and tcp; want exactly one");
  if (message.has_tcp()) listener->tcp = CompileTcp(message.tcp(), Path(place, "tcp"), backends, violations);
  if (!message.has_http()) return listener;

  const v1::HttpListener& http = message.http();
  const Path http_place(place, "http");
  const Path table_place(http_place, "route_table");
  if (const std::optional<config::RouteTableSlot> slot = route_tables.Find(http.route_table())) {
    listener->http.route_table = *slot;
    listener->http.route_table_id = http.route_table();
  } else if (http.route_table().empty()) {
    violations.Invalid(table_place, "missing; want the id of a route table");
  } else {
    violations.Add(v1::Violation::NOT_FOUND, table_place, NotThere("route table", http.route_table()));
  }
  if (http.has_idle_timeout()) {
    listener->http.idle_timeout = CheckDuration(http.idle_timeout(), Path(http_place, "idle_timeout"), violations);
  }
  if (http.has_header_timeout()) {
    listener->http.header_timeout =
        CheckDuration(http.header_timeout(), Path(http_place, "header_timeout"), violations);
  }
  if (http.max_header_bytes() != 0) {
    listener->http.max_header_bytes = CheckRange(http.max_header_bytes(), kMinHeaderBytes, kMaxHeaderBytes,
                                                 Path(http_place, "max_header_bytes"), violations);
  }
  if (http.max_header_count() != 0) {
    listener->http.max_header_count =
        CheckRange(http.max_header_count(), 1, kMaxHeaderCount, Path(http_place, "max_header_count"), violations);
  }
  if (http.max_uri_bytes() != 0) {
    listener->http.max_uri_bytes =
        CheckRange(http.max_uri_bytes(), kMinUriBytes, kMaxUriBytes, Path(http_place, "max_uri_bytes"), violations);
  }
  listener->http.max_body_bytes = OrNoLimit(http.max_body_bytes());
  if (http.has_request_timeout()) {
    listener->http.request_timeout =
        CheckDuration(http.request_timeout(), Path(http_place, "request_timeout"), violations);
  }
  listener->http.min_client_rate = http.min_client_rate();
  if (http.has_forwarding()) {
    listener->http.forwarding = CompileForwarding(http.forwarding(), Path(http_place, "forwarding"), violations);
  }
  listener->http.path_normalization = CompilePathNormalization(http.path_normalization());
  listener->http.http2 = CompileHttp2Listener(http.http2(), Path(http_place, "http2"), violations);
  return listener;
}

// No two listeners have the same address, but for port 0, which asks for one that nobody has.
void CheckAddressIsFree(const Compilation& compilation, const config::Listener& listener, const Path& place,
                        Addresses& addresses) {
  if (listener.address.family() != AF_UNIX && listener.address.port() == 0) return;
  const auto add = [&](std::string_view other) {
    compilation.violations.Add(v1::Violation::ALREADY_EXISTS, Path(place, "address"),
                               base::StrCat("listener ", health::Quote(other), " has the same address"));
  };
  const auto [own, is_first] = addresses.emplace(listener.address, listener.id);
  if (!is_first) return add(own->second);
  const config::Listener* other = compilation.store.FindListenerAt(listener.address);
  if (other == nullptr || other->id == listener.id) return;
  if (!compilation.requests.listeners.Names({other->id})) add(other->id);
}

void Put(Compilation& compilation, const v1::Listener& message, const Path& place, Addresses& addresses) {
  Staged& staged = compilation.staged;
  const std::optional<config::ListenerSlot> now = compilation.store.listeners().Find(message.id());
  const absl::uint128 digest = compilation.DigestOf(api::ResourceKind::kListener, message);
  const config::Listener* before = now ? staged.snapshot.listeners[*now].get() : nullptr;

  compilation.rules.Check(message, place, compilation.violations);
  std::shared_ptr<config::Listener> listener =
      CompileListener(message, place, staged.backends, staged.route_tables, compilation.violations);
  CheckAddressIsFree(compilation, *listener, place, addresses);
  const Path tls_place(place, "tls");
  ServerTlsPlan tls;
  if (message.has_tls()) tls = PlanServerTls(compilation, message, tls_place);
  // The same listener was looked at all the same: it may refer to what goes, or stand in another's way.
  const bool same = before != nullptr && before->digest == digest;
  if (same && !tls.renewed) return;
  if (message.has_tls() && compilation.violations.empty()) {
    listener->tls = MakeServerTls(std::move(tls), before == nullptr ? nullptr : before->tls.get(), tls_place,
                                  compilation.violations);
  }
  listener->digest = digest;
  if (before == nullptr) {
    listener->counters = std::make_shared<metrics::ListenerCounters>();
    compilation.CountAdded(digest);
  } else {
    listener->counters = before->counters;
    listener->sources = before->sources;
    if (!same) compilation.CountChanged(before->digest, digest);
  }
  if (listener->max_connections_per_source != 0 && listener->sources == nullptr) {
    listener->sources = net::SourceCounts::Make();
  }
  const config::ListenerSlot slot = now ? *now : staged.listeners.Add(message.id());
  staged.listener_updates.push_back({slot, listener, std::make_shared<const v1::Listener>(message)});
  staged.changes.list.listeners.push_back(slot);
  PutAt(staged.snapshot.listeners, slot, std::move(listener));
}

// Listeners that the transaction does not name, but whose certificates, trust bundles or ticket keys it changes.
absl::btree_set<config::ListenerSlot> OthersToRenew(const Compilation& compilation) {
  absl::btree_set<config::ListenerSlot> renewed;
  const auto add = [&](const References& references, const std::vector<uint32_t>& changed) {
    for (uint32_t slot : changed) {
      for (config::ListenerSlot listener : references.ReferrersOf(slot)) {
        const std::string& id = compilation.store.listener_message(listener).id();
        if (!compilation.requests.listeners.Names({id})) renewed.insert(listener);
      }
    }
  };
  add(compilation.store.listener_certificates(), compilation.staged.changes.certificates);
  add(compilation.store.listener_trust_bundles(), compilation.staged.changes.trust_bundles);
  add(compilation.store.listener_ticket_keys(), compilation.staged.changes.ticket_keys);
  return renewed;
}

void Remove(Compilation& compilation, std::string_view id, config::ListenerSlot slot) {
  Staged& staged = compilation.staged;
  compilation.CountRemoved(staged.snapshot.listeners[slot]->digest);
  staged.listeners.Remove(id);
  staged.listener_updates.push_back({slot, nullptr, nullptr});
  staged.changes.list.listeners.push_back(slot);
  PutAt(staged.snapshot.listeners, slot, nullptr);
}

}  // namespace

void CompileListeners(Compilation& compilation) {
  const Path root;
  Addresses addresses;
  for (const auto& [key, message] : compilation.requests.listeners.list()) {
    const Path place(root, "listeners", key.id);
    if (message != nullptr) {
      Put(compilation, *message, place, addresses);
    } else if (const auto slot = compilation.store.listeners().Find(key.id)) {
      Remove(compilation, key.id, *slot);
    } else {
      compilation.violations.Add(v1::Violation::NOT_FOUND, place, "no such listener");
    }
  }
  // What is removed and still referred to has been told already.
  if (!compilation.violations.empty()) return;
  for (config::ListenerSlot slot : OthersToRenew(compilation)) {
    const v1::Listener& message = compilation.store.listener_message(slot);
    Put(compilation, message, Path(root, "listeners", message.id()), addresses);
  }
}

}  // namespace fairlead::control
