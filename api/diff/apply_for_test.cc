#include "api/diff/apply_for_test.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::api {
namespace {

template <typename Resources>
auto Find(Resources& resources, const std::string& id) {
  auto place = resources.begin();
  while (place != resources.end() && place->id() != id) ++place;
  return place;
}

template <typename Resources, typename Resource>
void Upsert(Resources& resources, const Resource& resource) {
  const auto place = Find(resources, resource.id());
  if (place == resources.end()) {
    *resources.Add() = resource;
  } else {
    *place = resource;
  }
}

template <typename Resources>
void Remove(Resources& resources, const std::string& id) {
  const auto place = Find(resources, id);
  ASSERT_NE(place, resources.end()) << id;
  resources.erase(place);
}

// Forgets the health of a backend's servers; of one if `server` is not null.
void RemoveHealth(v1::Snapshot& state, const std::string& backend, const std::string* server) {
  auto& health = *state.mutable_health();
  for (auto place = health.begin(); place != health.end();) {
    const bool gone = place->backend() == backend && (server == nullptr || place->server() == *server);
    place = gone ? health.erase(place) : place + 1;
  }
}

void ApplyOne(v1::Snapshot& state, const v1::Operation& operation) {
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertListener:
      return Upsert(*state.mutable_listeners(), operation.upsert_listener());
    case v1::Operation::kRemoveListener:
      return Remove(*state.mutable_listeners(), operation.remove_listener());
    case v1::Operation::kUpsertRouteTable:
      return Upsert(*state.mutable_route_tables(), operation.upsert_route_table());
    case v1::Operation::kRemoveRouteTable:
      return Remove(*state.mutable_route_tables(), operation.remove_route_table());
    case v1::Operation::kUpsertBackend: {
      ASSERT_EQ(operation.upsert_backend().servers_size(), 0);
      v1::Backend backend = operation.upsert_backend();
      const auto place = Find(*state.mutable_backends(), backend.id());
      if (place != state.mutable_backends()->end()) backend.mutable_servers()->Swap(place->mutable_servers());
      return Upsert(*state.mutable_backends(), backend);
    }
    case v1::Operation::kRemoveBackend:
      RemoveHealth(state, operation.remove_backend(), nullptr);
      return Remove(*state.mutable_backends(), operation.remove_backend());
    case v1::Operation::kUpsertServer: {
      const auto backend = Find(*state.mutable_backends(), operation.upsert_server().backend());
      ASSERT_NE(backend, state.mutable_backends()->end());
      return Upsert(*backend->mutable_servers(), operation.upsert_server().server());
    }
    case v1::Operation::kRemoveServer: {
      const v1::ServerRef& removed = operation.remove_server();
      const auto backend = Find(*state.mutable_backends(), removed.backend());
      ASSERT_NE(backend, state.mutable_backends()->end());
      RemoveHealth(state, removed.backend(), &removed.server());
      return Remove(*backend->mutable_servers(), removed.server());
    }
    case v1::Operation::kUpsertCertificate:
      return Upsert(*state.mutable_certificates(), operation.upsert_certificate());
    case v1::Operation::kRemoveCertificate:
      return Remove(*state.mutable_certificates(), operation.remove_certificate());
    case v1::Operation::kUpsertTrustBundle:
      return Upsert(*state.mutable_trust_bundles(), operation.upsert_trust_bundle());
    case v1::Operation::kRemoveTrustBundle:
      return Remove(*state.mutable_trust_bundles(), operation.remove_trust_bundle());
    case v1::Operation::kUpsertTicketKeys:
      return Upsert(*state.mutable_ticket_keys(), operation.upsert_ticket_keys());
    case v1::Operation::kRemoveTicketKeys:
      return Remove(*state.mutable_ticket_keys(), operation.remove_ticket_keys());
    case v1::Operation::kUpsertReporter:
      return Upsert(*state.mutable_reporters(), operation.upsert_reporter());
    case v1::Operation::kRemoveReporter:
      return Remove(*state.mutable_reporters(), operation.remove_reporter());
    case v1::Operation::kUpsertScope:
      return Upsert(*state.mutable_scopes(), operation.upsert_scope());
    case v1::Operation::kRemoveScope:
      return Remove(*state.mutable_scopes(), operation.remove_scope());
    case v1::Operation::kSetHealth: {
      const v1::HealthState& health = operation.set_health();
      RemoveHealth(state, health.backend(), &health.server());
      if (health.status() != v1::Health::UNKNOWN) *state.add_health() = health;
      return;
    }
    case v1::Operation::OPERATION_NOT_SET:
      FAIL() << "an operation that says nothing";
  }
}

}  // namespace

v1::Snapshot ApplyForTest(v1::Snapshot state, const std::vector<v1::Operation>& operations) {
  for (const v1::Operation& operation : operations) ApplyOne(state, operation);
  return state;
}

}  // namespace fairlead::api
