#pragma once

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/control/changes.h"
#include "dataplane/control/named_resources.h"
#include "dataplane/control/scopes.h"
#include "dataplane/control/slot_index.h"
#include "dataplane/health/reporter.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// A transaction that passed its checks, and what it makes of the store that it was checked against. Committed to that
// store, or dropped: until then nothing has happened.
//
// Three things are left for the commit, since they act on the world: sockets (Listener::socket and bound_address),
// health (new servers are UNKNOWN, others have the health they had), and the revision's number.
struct Staged {
  Staged(const SlotIndex& listeners, const SlotIndex& route_tables, const SlotIndex& backends,
         const SlotIndex& certificates, const SlotIndex& trust_bundles, const SlotIndex& ticket_keys)
      : listeners(listeners),
        route_tables(route_tables),
        backends(backends),
        certificates(certificates),
        trust_bundles(trust_bundles),
        ticket_keys(ticket_keys) {}

  PlannedSlots listeners;
  PlannedSlots route_tables;
  PlannedSlots backends;
  PlannedSlots certificates;
  PlannedSlots trust_bundles;
  PlannedSlots ticket_keys;
  absl::flat_hash_map<config::BackendSlot, PlannedSlots> servers;  // of backends where some come or go

  config::Snapshot snapshot;
  Changes changes;
  absl::uint128 fingerprint = 0;
  uint32_t added = 0;
  uint32_t changed = 0;
  uint32_t removed = 0;

  // What was sent, for those who ask; null: removed.
  struct ListenerUpdate {
    config::ListenerSlot slot;
    std::shared_ptr<config::Listener> listener;  // the snapshot's own, to be given its socket; null: removed
    std::shared_ptr<const v1::Listener> message;
  };
  std::vector<ListenerUpdate> listener_updates;
  struct RouteTableUpdate {
    config::RouteTableSlot slot;
    std::vector<config::BackendSlot> backends;  // that it refers to
    std::shared_ptr<const v1::RouteTable> message;
  };
  std::vector<RouteTableUpdate> route_table_updates;
  struct CertificateUpdate {
    config::CertificateSlot slot;
    std::shared_ptr<const v1::Certificate> message;
  };
  std::vector<CertificateUpdate> certificate_updates;
  struct TrustBundleUpdate {
    config::TrustBundleSlot slot;
    std::shared_ptr<const v1::TrustBundle> message;
  };
  std::vector<TrustBundleUpdate> trust_bundle_updates;
  struct TicketKeysUpdate {
    config::TicketKeysSlot slot;
    std::shared_ptr<const v1::TicketKeys> message;
  };
  std::vector<TicketKeysUpdate> ticket_keys_updates;
  struct BackendUpdate {
    config::BackendSlot slot;
    std::shared_ptr<const v1::Backend> message;
  };
  std::vector<BackendUpdate> backend_updates;
  // Servers of backends that stay. The message is null, too, where the snapshot's Server tells all of it.
  struct ServerUpdate {
    config::BackendSlot backend;
    config::ServerSlot server;
    std::shared_ptr<const v1::Server> message;
  };
  std::vector<ServerUpdate> server_updates;
  struct HealthUpdate {
    config::BackendSlot backend;
    config::ServerSlot server;
    std::shared_ptr<const v1::HealthState> message;
    absl::uint128 digest = 0;
  };
  std::vector<HealthUpdate> health_updates;
  std::vector<NamedResources<v1::Reporter>::Update> reporter_updates;
  std::vector<NamedResources<v1::Scope>::Update> scope_updates;
  std::vector<Scopes::Update> scopes;  // the same, compiled
  // Those that were added or changed, for the health table.
  std::vector<health::ReporterPtr> reporters;

  bool changes_nothing() const { return added + changed + removed == 0; }
};

}  // namespace fairlead::control
