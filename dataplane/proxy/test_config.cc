#include "dataplane/proxy/test_config.h"

#include "absl/status/statusor.h"
#include "dataplane/metrics/listener_counters.h"
#include "dataplane/metrics/server_counters.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/routing/router.h"

namespace fairlead::proxy {
namespace {

void Listen(config::Listener* listener, int workers) {
  listener->address = *net::Address::Parse("127.0.0.1:0");
  listener->sockets = std::make_shared<net::ListeningSockets>(*net::Listen(listener->address, workers));
  listener->bound_address = listener->sockets->address;
}

}  // namespace

uint32_t TestConfig::SlotOf(Slots* slots, const std::string& id) {
  if (const auto found = slots->find(id); found != slots->end()) return found->second;
  std::set<uint32_t> taken;
  for (const auto& [other, slot] : *slots) taken.insert(slot);
  uint32_t slot = 0;
  while (taken.contains(slot)) ++slot;
  return (*slots)[id] = slot;
}

void TestConfig::SetBackend(const std::string& id, const std::function<void(config::BackendSettings*)>& change) {
  const config::BackendSlot slot = SlotOf(&backends_, id);
  Grow(&next_.backends, slot + 1);
  const bool is_new = next_.backends[slot] == nullptr;
  config::Backend backend = is_new ? config::Backend() : *next_.backends[slot];
  auto settings = std::make_shared<config::BackendSettings>(is_new ? config::BackendSettings() : *backend.settings);
  settings->id = id;
  if (change) change(settings.get());
  if (is_new) backend.admission = std::make_shared<metrics::BackendAdmission>(workers_);
  backend.settings = std::move(settings);
  if (is_new) backend.counters = std::make_shared<metrics::BackendCounters>();
  next_.backends.Set(slot, std::make_shared<config::Backend>(std::move(backend)));
  changed_backends_.insert(slot);
}

void TestConfig::RemoveBackend(const std::string& id) {
  const config::BackendSlot slot = backends_.at(id);
  for (const auto& [server, server_slot] : servers_[id]) changed_servers_.insert({slot, server_slot});
  servers_.erase(id);
  backends_.erase(id);
  next_.backends.Set(slot, nullptr);
  changed_backends_.insert(slot);
}

void TestConfig::SetServer(const std::string& backend, const std::string& id, const net::Address& address,
                           const std::function<void(config::Server*)>& change) {
  const bool is_new = !servers_[backend].contains(id);
  const config::ServerSlot slot = SlotOf(&servers_[backend], id);
  auto server = base::MakeCounted<config::Server>();
  if (is_new) {
    server->id = id;
    server->counters = base::MakeCounted<metrics::ServerCounters>();
  } else {
    *server = *next_.backends[backends_.at(backend)]->servers[slot];
  }
  server->address = address;
  if (change) change(server.get());
  SetServerSlot(backend, slot, std::move(server));
}

void TestConfig::RemoveServer(const std::string& backend, const std::string& id) {
  const config::ServerSlot slot = servers_[backend].at(id);
  servers_[backend].erase(id);
  SetServerSlot(backend, slot, nullptr);
}

void TestConfig::SetServerSlot(const std::string& backend, config::ServerSlot slot, config::ServerPtr server) {
  const config::BackendSlot backend_slot = backends_.at(backend);
  config::Backend copy = *next_.backends[backend_slot];
  Grow(&copy.servers, slot + 1);
  copy.servers.Set(slot, std::move(server));
  next_.backends.Set(backend_slot, std::make_shared<config::Backend>(std::move(copy)));
  changed_servers_.insert({backend_slot, slot});
}

void TestConfig::SetRoutes(const std::string& id, const std::vector<Route>& routes,
                           const std::function<void(config::RouteRule*)>& change) {
  config::VirtualHost host = {.id = "all", .domains = {"*"}, .rules = {}};
  for (const Route& route : routes) {
    config::RouteRule rule;
    rule.id = route.path_prefix;
    rule.match.path_match = config::PathMatch::kPrefix;
    rule.match.path = route.path_prefix;
    rule.backends = {{.backend = backends_.at(route.backend), .weight = 1}};
    rule.total_weight = 1;
    rule.counters = std::make_shared<metrics::RuleCounters>(workers_);
    if (change) change(&rule);
    host.rules.push_back(std::move(rule));
  }
  auto table = std::make_shared<config::RouteTable>();
  table->id = id;
  table->virtual_hosts.push_back(std::move(host));
  const config::RouteTableSlot slot = SlotOf(&route_tables_, id);
  Grow(&next_.route_tables, slot + 1);
  next_.route_tables.Set(slot, std::make_shared<routing::Router>(std::move(table)));
}

void TestConfig::RemoveRoutes(const std::string& id) {
  next_.route_tables.Set(route_tables_.at(id), nullptr);
  route_tables_.erase(id);
}

void TestConfig::SetListener(const std::string& id, const std::string& route_table,
                             const std::function<void(config::Listener*)>& change) {
  const config::ListenerSlot slot = SlotOf(&listeners_, id);
  Grow(&next_.listeners, slot + 1);
  auto listener = std::make_shared<config::Listener>();
  if (next_.listeners[slot] != nullptr) {
    *listener = *next_.listeners[slot];
  } else {
    listener->id = id;
    listener->counters = std::make_shared<metrics::ListenerCounters>();
    Listen(listener.get(), workers_);
  }
  listener->http.route_table = route_tables_.at(route_table);
  listener->http.route_table_id = route_table;
  if (change) change(listener.get());
  next_.listeners.Set(slot, std::move(listener));
  changed_listeners_.insert(slot);
}

void TestConfig::MoveListener(const std::string& id) {
  const std::string route_table = next_.listeners[listeners_.at(id)]->http.route_table_id;
  SetListener(id, route_table, [this](config::Listener* listener) { Listen(listener, workers_); });
}

void TestConfig::RemoveListener(const std::string& id) {
  const config::ListenerSlot slot = listeners_.at(id);
  listeners_.erase(id);
  next_.listeners.Set(slot, nullptr);
  changed_listeners_.insert(slot);
}

TestConfig::Revision TestConfig::Build() {
  ++next_.revision;
  Revision revision;
  revision.snapshot = std::make_shared<config::Snapshot>(next_);
  revision.changes.listeners.assign(changed_listeners_.begin(), changed_listeners_.end());
  revision.changes.backends.assign(changed_backends_.begin(), changed_backends_.end());
  for (const auto& [backend, server] : changed_servers_) {
    revision.changes.servers.push_back({.backend = backend, .server = server});
  }
  changed_listeners_.clear();
  changed_backends_.clear();
  changed_servers_.clear();
  return revision;
}

const config::Server& TestConfig::server(const std::string& backend, const std::string& id) const {
  return *next_.backends[backends_.at(backend)]->servers[servers_.at(backend).at(id)];
}

const config::RouteRule& TestConfig::rule(const std::string& route_table, size_t index) const {
  return next_.route_tables[route_tables_.at(route_table)]->table().virtual_hosts[0].rules[index];
}

const net::Address& TestConfig::address(const std::string& listener) const {
  return next_.listeners[listeners_.at(listener)]->bound_address;
}

}  // namespace fairlead::proxy
