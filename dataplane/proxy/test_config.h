#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/config/backend.h"
#include "dataplane/config/listener.h"
#include "dataplane/config/route_table.h"
#include "dataplane/config/server.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/net/address.h"

namespace fairlead::proxy {

// Makes one revision after another by hand, for tests: what the control side does with transactions. Each is made of
// some changes and a Build. Slots that become free are given to whoever comes next, even within one revision.
class TestConfig {
 public:
  // Where requests go: those for `path` and below, of the only virtual host, "*".
  struct Route {
    std::string path_prefix;
    std::string backend;
  };
  struct Revision {
    std::shared_ptr<const config::Snapshot> snapshot;
    config::ChangeList changes;
  };

  explicit TestConfig(int workers = 1) : workers_(workers) {}

  // Adds the backend, or changes its settings.
  void SetBackend(const std::string& id, const std::function<void(config::BackendSettings*)>& change = {});
  void RemoveBackend(const std::string& id);
  // Adds the server, or changes it. It is READY, with a weight of 1.
  void SetServer(const std::string& backend, const std::string& id, const net::Address& address,
                 const std::function<void(config::Server*)>& change = {});
  void RemoveServer(const std::string& backend, const std::string& id);
  void SetRoutes(const std::string& id, const std::vector<Route>& routes,
                 const std::function<void(config::RouteRule*)>& change = {});
  void RemoveRoutes(const std::string& id);
  // Adds the listener, on a port of the kernel's choice, or changes it.
  void SetListener(const std::string& id, const std::string& route_table,
                   const std::function<void(config::Listener*)>& change = {});
  // Another port, same listener.
  void MoveListener(const std::string& id);
  void RemoveListener(const std::string& id);

  Revision Build();

  // As they are in the next revision.
  const config::Server& server(const std::string& backend, const std::string& id) const;
  const config::Backend& backend(const std::string& id) const { return *next_.backends[backends_.at(id)]; }
  // The rule of this index in the only virtual host.
  const config::RouteRule& rule(const std::string& route_table, size_t index) const;
  const net::Address& address(const std::string& listener) const;
  config::BackendSlot backend_slot(const std::string& id) const { return backends_.at(id); }
  config::RouteTableSlot route_table(const std::string& id) const { return route_tables_.at(id); }

 private:
  using Slots = std::map<std::string, uint32_t>;

  // The slot of `id`, which gets the lowest free one if it has none.
  static uint32_t SlotOf(Slots* slots, const std::string& id);
  template <typename Vector>
  static void Grow(Vector* vector, size_t size) {
    while (vector->size() < size) vector->PushBack(nullptr);
  }
  void SetServerSlot(const std::string& backend, config::ServerSlot slot, config::ServerPtr server);

  const int workers_;
  config::Snapshot next_;
  Slots listeners_, route_tables_, backends_;
  std::map<std::string, Slots> servers_;  // by backend
  std::set<config::ListenerSlot> changed_listeners_;
  std::set<config::BackendSlot> changed_backends_;
  std::set<std::pair<config::BackendSlot, config::ServerSlot>> changed_servers_;
};

}  // namespace fairlead::proxy
