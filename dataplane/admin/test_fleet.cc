#include "dataplane/admin/test_fleet.h"

#include <utility>

#include "dataplane/net/listening_socket.h"
#include "dataplane/routing/router.h"

namespace fairlead::admin {

TestFleet::TestFleet(uint64_t now_ms)
    : timers(now_ms), table(&timers, [](std::string_view, std::string_view, config::Health) {}) {
  status.node_id = "proxy-1";
  status.zone = "a";
  status.version = "0.1.0";
  status.now_ms = now_ms;
  status.snapshot.revision = 1;
  status.fingerprint = "0123456789abcdef";
  for (const metrics::WorkerCounters& counters : workers) status.workers.push_back({1, "epoll", &counters});
  status.health = &table;
}

size_t TestFleet::AddBackend(const std::string& id) {
  auto settings = std::make_shared<config::BackendSettings>();
  settings->id = id;
  auto backend = std::make_shared<config::Backend>();
  backend->settings = std::move(settings);
  backend->counters = std::make_shared<metrics::BackendCounters>();
  backend->admission = std::make_shared<metrics::BackendAdmission>(kWorkers);
  status.snapshot.backends.PushBack(std::move(backend));
  return status.snapshot.backends.size() - 1;
}

metrics::ServerCounters& TestFleet::AddServer(size_t backend, const std::string& id,
                                              const std::function<void(config::Server*)>& change) {
  auto server = base::MakeCounted<config::Server>();
  server->id = id;
  server->address = *net::Address::Parse("10.0.0.1:8080");
  server->counters = base::MakeCounted<metrics::ServerCounters>();
  if (change) change(server.get());
  metrics::ServerCounters& counters = *server->counters;

  auto changed = std::make_shared<config::Backend>(*status.snapshot.backends[backend]);
  table.AddServer(changed->settings->id, id);
  changed->servers.PushBack(std::move(server));
  status.snapshot.backends.Set(backend, std::move(changed));
  return counters;
}

void TestFleet::AddListener(const std::string& id, const std::string& address, const std::string& bound_address) {
  auto listener = std::make_shared<config::Listener>();
  listener->id = id;
  listener->counters = std::make_shared<metrics::ListenerCounters>();
  listener->address = *net::Address::Parse(address);
  listener->bound_address = *net::Address::Parse(bound_address);
  listener->sockets = std::make_shared<net::ListeningSockets>();
  listener->sockets->descriptors.emplace_back();
  status.snapshot.listeners.PushBack(std::move(listener));
}

void TestFleet::AddRouteTable(const std::string& id, const std::vector<std::string>& hosts,
                              const std::vector<std::string>& rules) {
  auto table = std::make_shared<config::RouteTable>();
  table->id = id;
  for (const std::string& host : hosts) {
    config::VirtualHost& added = table->virtual_hosts.emplace_back();
    added.id = host;
    for (const std::string& rule : rules) {
      config::RouteRule& added_rule = added.rules.emplace_back();
      added_rule.id = rule;
      added_rule.counters = std::make_shared<metrics::RuleCounters>(kWorkers);
    }
  }
  status.snapshot.route_tables.PushBack(std::make_shared<const routing::Router>(std::move(table)));
}

void TestFleet::AddFreeSlots(size_t backend) {
  auto changed = std::make_shared<config::Backend>(*status.snapshot.backends[backend]);
  changed->servers.PushBack(nullptr);
  status.snapshot.backends.Set(backend, std::move(changed));
  status.snapshot.backends.PushBack(nullptr);
  status.snapshot.listeners.PushBack(nullptr);
  status.snapshot.route_tables.PushBack(nullptr);
}

}  // namespace fairlead::admin
