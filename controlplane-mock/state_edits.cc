#include "controlplane-mock/state_edits.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairlead::controlplane_mock {
namespace {

using google::protobuf::RepeatedPtrField;

absl::Status NoSuch(const char* kind, const std::string& id) {
  return absl::NotFoundError(absl::StrCat("no ", kind, " \"", id, "\""));
}

template <typename Resource>
Resource* FindById(RepeatedPtrField<Resource>& resources, const std::string& id) {
  const auto found = std::find_if(resources.begin(), resources.end(), [&](const Resource& r) { return r.id() == id; });
  return found == resources.end() ? nullptr : &*found;
}

template <typename Resource>
absl::Status Upsert(const Resource& resource, RepeatedPtrField<Resource>& resources) {
  Resource* present = FindById(resources, resource.id());
  *(present != nullptr ? present : resources.Add()) = resource;
  return absl::OkStatus();
}

template <typename Resource>
absl::Status Remove(const char* kind, const std::string& id, RepeatedPtrField<Resource>& resources) {
  Resource* present = FindById(resources, id);
  if (present == nullptr) return NoSuch(kind, id);
  resources.erase(resources.begin() + (present - &*resources.begin()));
  return absl::OkStatus();
}

template <typename Predicate>
void RemoveHealth(v1::Snapshot& snapshot, Predicate goes) {
  auto& health = *snapshot.mutable_health();
  health.erase(std::remove_if(health.begin(), health.end(), goes), health.end());
}

absl::Status UpsertBackend(const v1::Backend& backend, v1::Snapshot& snapshot) {
  if (!backend.servers().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("upsert_backend \"", backend.id(), "\": servers must be empty"));
  }
  v1::Backend* present = FindById(*snapshot.mutable_backends(), backend.id());
  if (present == nullptr) present = snapshot.add_backends();
  RepeatedPtrField<v1::Server> servers = std::move(*present->mutable_servers());
  *present = backend;
  *present->mutable_servers() = std::move(servers);
  return absl::OkStatus();
}

absl::Status RemoveBackend(const std::string& id, v1::Snapshot& snapshot) {
  RemoveHealth(snapshot, [&](const v1::HealthState& state) { return state.backend() == id; });
  return Remove("backend", id, *snapshot.mutable_backends());
}

absl::Status UpsertServer(const v1::UpsertServer& upsert, v1::Snapshot& snapshot) {
  v1::Backend* backend = FindById(*snapshot.mutable_backends(), upsert.backend());
  if (backend == nullptr) return NoSuch("backend", upsert.backend());
  return Upsert(upsert.server(), *backend->mutable_servers());
}

absl::Status RemoveServer(const v1::ServerRef& ref, v1::Snapshot& snapshot) {
  v1::Backend* backend = FindById(*snapshot.mutable_backends(), ref.backend());
  if (backend == nullptr) return NoSuch("backend", ref.backend());
  RemoveHealth(snapshot, [&](const v1::HealthState& state) {
    return state.backend() == ref.backend() && state.server() == ref.server();
  });
  return Remove("server", ref.server(), *backend->mutable_servers());
}

absl::Status SetHealth(const v1::HealthState& state, v1::Snapshot& snapshot) {
  if (FindServer(snapshot, state.backend(), state.server()) == nullptr) {
    return NoSuch("server", absl::StrCat(state.backend(), "/", state.server()));
  }
  RemoveHealth(snapshot, [&](const v1::HealthState& other) {
    return other.backend() == state.backend() && other.server() == state.server();
  });
  if (state.status() != v1::Health::UNKNOWN) *snapshot.add_health() = state;
  return absl::OkStatus();
}

absl::Status ApplyOne(const v1::Operation& operation, v1::Snapshot& snapshot) {
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertListener:
      return Upsert(operation.upsert_listener(), *snapshot.mutable_listeners());
    case v1::Operation::kRemoveListener:
      return Remove("listener", operation.remove_listener(), *snapshot.mutable_listeners());
    case v1::Operation::kUpsertRouteTable:
      return Upsert(operation.upsert_route_table(), *snapshot.mutable_route_tables());
    case v1::Operation::kRemoveRouteTable:
      return Remove("route table", operation.remove_route_table(), *snapshot.mutable_route_tables());
    case v1::Operation::kUpsertBackend:
      return UpsertBackend(operation.upsert_backend(), snapshot);
    case v1::Operation::kRemoveBackend:
      return RemoveBackend(operation.remove_backend(), snapshot);
    case v1::Operation::kUpsertServer:
      return UpsertServer(operation.upsert_server(), snapshot);
    case v1::Operation::kRemoveServer:
      return RemoveServer(operation.remove_server(), snapshot);
    case v1::Operation::kUpsertCertificate:
      return Upsert(operation.upsert_certificate(), *snapshot.mutable_certificates());
    case v1::Operation::kRemoveCertificate:
      return Remove("certificate", operation.remove_certificate(), *snapshot.mutable_certificates());
    case v1::Operation::kUpsertTrustBundle:
      return Upsert(operation.upsert_trust_bundle(), *snapshot.mutable_trust_bundles());
    case v1::Operation::kRemoveTrustBundle:
      return Remove("trust bundle", operation.remove_trust_bundle(), *snapshot.mutable_trust_bundles());
    case v1::Operation::kUpsertTicketKeys:
      return Upsert(operation.upsert_ticket_keys(), *snapshot.mutable_ticket_keys());
    case v1::Operation::kRemoveTicketKeys:
      return Remove("ticket keys", operation.remove_ticket_keys(), *snapshot.mutable_ticket_keys());
    case v1::Operation::kUpsertReporter:
      return Upsert(operation.upsert_reporter(), *snapshot.mutable_reporters());
    case v1::Operation::kRemoveReporter:
      return Remove("reporter", operation.remove_reporter(), *snapshot.mutable_reporters());
    case v1::Operation::kUpsertScope:
      return Upsert(operation.upsert_scope(), *snapshot.mutable_scopes());
    case v1::Operation::kRemoveScope:
      return Remove("scope", operation.remove_scope(), *snapshot.mutable_scopes());
    case v1::Operation::kSetHealth:
      return SetHealth(operation.set_health(), snapshot);
    case v1::Operation::OPERATION_NOT_SET:
      return absl::InvalidArgumentError("an operation of no kind");
  }
  return absl::InvalidArgumentError("an operation of an unknown kind");
}

// Backends come before their servers, and servers before what is said of them.
int Rank(const v1::Operation& operation) {
  return operation.has_upsert_backend() ? 0 : operation.has_set_health() ? 2 : 1;
}

}  // namespace

absl::Status ApplyOperations(const RepeatedPtrField<v1::Operation>& operations, v1::Snapshot& snapshot) {
  for (const int rank : {0, 1, 2}) {
    for (const v1::Operation& operation : operations) {
      if (Rank(operation) != rank) continue;
      if (absl::Status applied = ApplyOne(operation, snapshot); !applied.ok()) return applied;
    }
  }
  return absl::OkStatus();
}

const v1::Server* FindServer(const v1::Snapshot& snapshot, const std::string& backend, const std::string& server) {
  for (const v1::Backend& candidate : snapshot.backends()) {
    if (candidate.id() != backend) continue;
    for (const v1::Server& member : candidate.servers()) {
      if (member.id() == server) return &member;
    }
  }
  return nullptr;
}

}  // namespace fairlead::controlplane_mock
