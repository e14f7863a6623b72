#include "dataplane/control/impact.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dataplane/control/capacity.h"
#include "dataplane/control/moved_keys.h"
#include "dataplane/control/slot_access.h"

namespace fairlead::control {
namespace {

v1::Capacity ToProto(const Capacity& capacity) {
  v1::Capacity message;
  message.set_servers(capacity.servers);
  message.set_eligible_servers(capacity.eligible);
  message.set_eligible_weight(capacity.weight);
  return message;
}

class Finder {
 public:
  Finder(const Store& store, const Staged& staged, const health::HealthTable& health)
      : before_(*store.snapshot()), staged_(staged), after_(&staged, health) {}

  v1::Impact Find() && {
    for (config::BackendSlot slot : TouchedBackends(staged_)) AddBackend(slot);
    for (const Staged::ListenerUpdate& update : staged_.listener_updates) AddListener(update);
    return std::move(impact_);
  }

 private:
  void AddBackend(config::BackendSlot slot) {
    const config::Backend* const was = At(before_.backends, slot);
    const config::Backend* const is = At(staged_.snapshot.backends, slot);
    const bool same = was != nullptr && is != nullptr && was->settings->id == is->settings->id;
    if (was != nullptr) AddBackend(slot, was, same ? is : nullptr);
    if (is != nullptr && !same) AddBackend(slot, nullptr, is);
  }

  void AddBackend(config::BackendSlot slot, const config::Backend* was, const config::Backend* is) {
    v1::BackendImpact& impact = *impact_.add_backends();
    impact.set_id((was != nullptr ? was : is)->settings->id);
    const Weights before = WeightsOf(was);
    const Weights after = is == nullptr ? Weights() : after_.Of(slot);
    if (was != nullptr) *impact.mutable_before() = ToProto(CapacityOf(before));
    if (is != nullptr) *impact.mutable_after() = ToProto(CapacityOf(after));
    if (was == nullptr) return;
    std::optional<double> moved_keys;
    if (is != nullptr) moved_keys = moved_keys_.ShareOf(*was, before, *is, after);
    impact.set_moved_share(moved_keys.has_value() ? *moved_keys : MovedShare(before, after));
    was->servers.ForEach([&](size_t server_slot, const config::ServerPtr& server) {
      if (server == nullptr) return;
      const config::Server* stays = is == nullptr ? nullptr : At(is->servers, server_slot);
      if (stays != nullptr && stays->id != server->id) stays = nullptr;
      AddServer(*server, stays, impact);
    });
  }

  static void AddServer(const config::Server& was, const config::Server* stays, v1::BackendImpact& impact) {
    const uint32_t requests = was.counters->active_requests.load(std::memory_order_relaxed);
    const uint32_t connections = was.counters->open_connections.load(std::memory_order_relaxed);
    const bool ends = stays != nullptr && stays->admin_state == config::AdminState::kMaint &&
                      was.admin_state != config::AdminState::kMaint;
    if (ends) impact.set_ended_requests(impact.ended_requests() + requests);
    if (stays == nullptr) impact.set_displaced_requests(impact.displaced_requests() + requests);
    if (ends || stays == nullptr || !(stays->address == was.address)) {
      impact.set_closed_connections(impact.closed_connections() + connections);
    }
  }

  void AddListener(const Staged::ListenerUpdate& update) {
    const config::Listener* const was = At(before_.listeners, update.slot);
    const config::Listener* const is = update.listener.get();
    const bool same = was != nullptr && is != nullptr && was->id == is->id;
    if (was != nullptr && !same) AddListener(was->id, v1::ListenerImpact::REMOVED, was);
    if (is != nullptr && !same) AddListener(is->id, v1::ListenerImpact::ADDED, nullptr);
    if (!same) return;
    const bool moves = was->sockets != is->sockets;
    AddListener(is->id, moves ? v1::ListenerImpact::MOVED : v1::ListenerImpact::CHANGED, moves ? was : nullptr);
  }

  // `drained`: whose connections are; null: nobody's.
  void AddListener(const std::string& id, v1::ListenerImpact::Change change, const config::Listener* drained) {
    v1::ListenerImpact& impact = *impact_.add_listeners();
    impact.set_id(id);
    impact.set_change(change);
    if (drained == nullptr) return;
    impact.set_drained_connections(drained->counters->open_connections.load(std::memory_order_relaxed));
  }

  const config::Snapshot& before_;
  const Staged& staged_;
  const WeightsAfter after_;
  MovedKeys moved_keys_;
  v1::Impact impact_;
};

}  // namespace

v1::Impact FindImpact(const Store& store, const Staged& staged, const health::HealthTable& health) {
  return Finder(store, staged, health).Find();
}

}  // namespace fairlead::control
