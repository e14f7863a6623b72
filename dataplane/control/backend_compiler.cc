#include "dataplane/control/backend_compiler.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/client_tls_compiler.h"
#include "dataplane/control/in_use.h"
#include "dataplane/control/load_balancing_compiler.h"
#include "dataplane/control/value_checks.h"

namespace fairlead::control {
namespace {

constexpr uint32_t kMaxIdleConnections = 100'000;
constexpr uint32_t kMaxQueueLength = 1'000'000;
constexpr uint32_t kMaxConcurrentStreams = 10'000;
constexpr uint32_t kMinWindow = 65'535;
constexpr uint32_t kMaxWindow = 16 * 1024 * 1024;
constexpr std::chrono::milliseconds kMinPingInterval{1'000};

config::BackendProtocol ToProtocol(v1::Backend::Protocol protocol) {
  switch (protocol) {
    case v1::Backend::HTTP2:
      return config::BackendProtocol::kHttp2;
    case v1::Backend::AUTO:
      return config::BackendProtocol::kAuto;
    default:  // others were refused
      return config::BackendProtocol::kHttp1;
  }
}

config::ProxyProtocol ToProxyProtocol(v1::ProxyProtocol::Version version) {
  switch (version) {
    case v1::ProxyProtocol::V1:
      return config::ProxyProtocol::kV1;
    case v1::ProxyProtocol::V2:
      return config::ProxyProtocol::kV2;
    default:  // others were refused
      return config::ProxyProtocol::kNone;
  }
}

config::BackendHttp2 CompileHttp2(const v1::Http2Backend& message, const Path& place, Violations& violations) {
  config::BackendHttp2 http2;
  if (message.max_concurrent_streams() > 0) {
    http2.max_concurrent_streams = CheckRange(message.max_concurrent_streams(), 1, kMaxConcurrentStreams,
                                              Path(place, "max_concurrent_streams"), violations);
  }
  if (message.stream_window() > 0) {
    http2.stream_window =
        CheckRange(message.stream_window(), kMinWindow, kMaxWindow, Path(place, "stream_window"), violations);
  }
  if (message.connection_window() > 0) {
    http2.connection_window =
        CheckRange(message.connection_window(), kMinWindow, kMaxWindow, Path(place, "connection_window"), violations);
  }
  if (message.has_ping_interval()) {
    const Path ping_place(place, "ping_interval");
    http2.ping_interval = CheckDuration(message.ping_interval(), ping_place, violations);
    if (http2.ping_interval < kMinPingInterval)
      violations.Invalid(ping_place, base::StrCat("less than 1 s: ", http2.ping_interval.count(), " ms"));
  }
  if (message.has_ping_timeout()) {
    http2.ping_timeout = CheckDuration(message.ping_timeout(), Path(place, "ping_timeout"), violations);
  }
  return http2;
}

std::shared_ptr<config::BackendSettings> CompileSettings(const v1::Backend& message, const Path& place,
                                                         Violations& violations) {
  auto settings = std::make_shared<config::BackendSettings>();
  settings->id = message.id();
  CompileLoadBalancing(message.load_balancing(), Path(place, "load_balancing"), *settings, violations);
  if (message.health().has_unknown_is_eligible()) {
    settings->unknown_is_eligible = message.health().unknown_is_eligible();
  }
  const v1::BackendTimeouts& timeouts = message.timeouts();
  const Path timeouts_place(place, "timeouts");
  if (timeouts.has_connect()) {
    settings->connect_timeout = CheckDuration(timeouts.connect(), Path(timeouts_place, "connect"), violations);
  }
  if (timeouts.has_response()) {
    settings->response_timeout = CheckDuration(timeouts.response(), Path(timeouts_place, "response"), violations);
  }
  if (timeouts.has_idle()) {
    settings->idle_timeout = CheckDuration(timeouts.idle(), Path(timeouts_place, "idle"), violations);
  }
  if (timeouts.has_tunnel_idle()) {
    settings->tunnel_idle_timeout =
        CheckDuration(timeouts.tunnel_idle(), Path(timeouts_place, "tunnel_idle"), violations);
  }
  settings->protocol = ToProtocol(message.protocol());
  if (settings->protocol != config::BackendProtocol::kHttp1) {
    settings->http2 = CompileHttp2(message.http2(), Path(place, "http2"), violations);
  } else if (message.has_http2()) {
    violations.Invalid(Path(place, "http2"), "with protocol HTTP2 or AUTO alone");
  }
  if (settings->protocol == config::BackendProtocol::kAuto && !message.has_tls()) {
    violations.Invalid(Path(place, "protocol"),
                       "AUTO without tls: in the clear there is no ALPN to choose by; want HTTP1 or HTTP2");
  }
  settings->send_proxy_protocol = ToProxyProtocol(message.send_proxy_protocol());
  const v1::ConnectionPool& pool = message.pool();
  const Path pool_place(place, "pool");
  if (pool.has_max_idle_connections()) {
    settings->max_idle_connections = CheckRange(pool.max_idle_connections(), 0, kMaxIdleConnections,
                                                Path(pool_place, "max_idle_connections"), violations);
  }
  if (pool.has_idle_timeout()) {
    settings->pool_idle_timeout = CheckDuration(pool.idle_timeout(), Path(pool_place, "idle_timeout"), violations);
  }
  const v1::BackendLimits& limits = message.limits();
  const Path limits_place(place, "limits");
  settings->queue_length =
      CheckRange(limits.queue_length(), 0, kMaxQueueLength, Path(limits_place, "queue_length"), violations);
  if (limits.has_queue_timeout()) {
    settings->queue_timeout = CheckDuration(limits.queue_timeout(), Path(limits_place, "queue_timeout"), violations);
  }
  return settings;
}

void Put(Compilation& compilation, const v1::Backend& message, const Path& place) {
  Staged& staged = compilation.staged;
  const std::optional<config::BackendSlot> now = compilation.store.backends().Find(message.id());
  const absl::uint128 digest = compilation.DigestOf(api::ResourceKind::kBackend, message);
  const config::BackendSettings* before = now ? staged.snapshot.backends[*now]->settings.get() : nullptr;
  const bool same = before != nullptr && before->digest == digest;
  // The same one may refer to a certificate or a trust bundle that changes, or goes.
  if (same && !message.has_tls()) return;
  std::shared_ptr<const config::BackendTls> tls;
  if (message.has_tls()) {
    tls = CompileClientTls(compilation, message, Path(place, "tls"), before != nullptr ? before->tls : nullptr);
  }
  if (same && tls == before->tls) return;

  compilation.rules.Check(message, place, compilation.violations);
  std::shared_ptr<config::BackendSettings> settings = CompileSettings(message, place, compilation.violations);
  settings->digest = digest;
  settings->tls = std::move(tls);
  if (before == nullptr) {
    compilation.CountAdded(digest);
  } else if (!same) {
    compilation.CountChanged(before->digest, digest);
  }
  const config::BackendSlot slot = now ? *now : staged.backends.Add(message.id());
  config::Backend& backend = compilation.backend_editor.Edit(slot);
  if (settings->policy != config::LoadBalancingPolicy::kHash) backend.hash_table = nullptr;
  backend.settings = std::move(settings);
  if (before == nullptr) {
    backend.counters = std::make_shared<metrics::BackendCounters>();
    backend.admission = std::make_shared<metrics::BackendAdmission>(compilation.workers);
  }
  staged.backend_updates.push_back({slot, std::make_shared<const v1::Backend>(message)});
  staged.changes.list.backends.push_back(slot);
}

// With its servers and the controller's words on their health.
void Remove(Compilation& compilation, std::string_view id, config::BackendSlot slot) {
  Staged& staged = compilation.staged;
  const config::Backend& backend = *staged.snapshot.backends[slot];
  const auto& words = compilation.store.health_words(slot);
  compilation.CountRemoved(backend.settings->digest);
  backend.servers.ForEach([&](config::ServerSlot server_slot, const config::ServerPtr& server) {
    if (server == nullptr) return;
    compilation.CountRemoved(server->digest);
    staged.changes.list.servers.push_back({slot, server_slot});
    const auto word = words.find(server_slot);
    if (word == words.end()) return;
    compilation.CountRemoved(word->second.digest);
    staged.changes.health_words.push_back({std::string(id), server->id, true});
  });
  staged.backends.Remove(id);
  staged.backend_updates.push_back({slot, nullptr});
  staged.changes.list.backends.push_back(slot);
  compilation.backend_editor.Remove(slot);
}

// Route tables and TCP listeners that go on as they are, and refer to the backend. Those that the transaction touches
// are checked by themselves.
void CheckUnused(const Compilation& compilation, config::BackendSlot slot, const Path& place) {
  std::vector<std::string> users;
  for (config::RouteTableSlot table : compilation.store.route_table_references().ReferrersOf(slot)) {
    const std::string& id = compilation.store.route_table_message(table).id();
    if (!compilation.requests.route_tables.Names({id})) users.push_back(id);
  }
  AddInUse("route table", std::move(users), place, compilation.violations);
  users.clear();
  for (config::ListenerSlot listener : compilation.store.tcp_listener_references().ReferrersOf(slot)) {
    const std::string& id = compilation.store.listener_message(listener).id();
    if (!compilation.requests.listeners.Names({id})) users.push_back(id);
  }
  AddInUse("listener", std::move(users), place, compilation.violations);
}

// Backends that the transaction does not name, but whose certificates or trust bundles it changes.
absl::btree_set<config::BackendSlot> OthersToRenew(const Compilation& compilation) {
  absl::btree_set<config::BackendSlot> renewed;
  const auto add = [&](const References& references, const std::vector<uint32_t>& changed) {
    for (uint32_t slot : changed) {
      for (config::BackendSlot backend : references.ReferrersOf(slot)) {
        if (!compilation.requests.backends.Names({compilation.store.backend_message(backend).id()})) {
          renewed.insert(backend);
        }
      }
    }
  };
  add(compilation.store.backend_certificates(), compilation.staged.changes.certificates);
  add(compilation.store.backend_trust_bundles(), compilation.staged.changes.trust_bundles);
  return renewed;
}

}  // namespace

void CompileBackends(Compilation& compilation) {
  const Path root;
  for (const auto& [key, message] : compilation.requests.backends.list()) {
    const Path place(root, "backends", key.id);
    if (message != nullptr) {
      Put(compilation, *message, place);
    } else if (const auto slot = compilation.store.backends().Find(key.id)) {
      CheckUnused(compilation, *slot, place);
      Remove(compilation, key.id, *slot);
    } else {
      compilation.violations.Add(v1::Violation::NOT_FOUND, place, "no such backend");
    }
  }
  // What is removed and still referred to has been told already.
  if (!compilation.violations.empty()) return;
  for (config::BackendSlot slot : OthersToRenew(compilation)) {
    const v1::Backend& message = compilation.store.backend_message(slot);
    Put(compilation, message, Path(root, "backends", message.id()));
  }
}

}  // namespace fairlead::control
