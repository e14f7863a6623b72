#include "dataplane/control/earlier_state.h"

#include <map>
#include <string>
#include <utility>

namespace fairlead::control {
namespace {

using google::protobuf::RepeatedPtrField;

// What is to become of resources of one kind, by id; null: removed. Those of the operations.
template <typename Message>
using Wanted = std::map<std::string, const Message*>;

// `id_of` names a resource; `replace` puts one in another's place.
template <typename Message, typename IdOf, typename Replace>
void Apply(Wanted<Message> wanted, IdOf id_of, Replace replace, RepeatedPtrField<Message>& resources) {
  if (wanted.empty()) return;
  RepeatedPtrField<Message> kept;
  for (Message& resource : resources) {
    const auto place = wanted.find(id_of(resource));
    if (place == wanted.end()) {
      *kept.Add() = std::move(resource);
      continue;
    }
    if (place->second != nullptr) replace(*place->second, resource, *kept.Add());
    wanted.erase(place);
  }
  for (const auto& [id, message] : wanted) {
    if (message != nullptr) *kept.Add() = *message;
  }
  resources.Swap(&kept);
}

// Whether the operations remove the server that it is of, or the server's backend.
bool GoesByItself(const OperationSet& set, const v1::HealthState& word) {
  const auto removes = [&](int kind, const std::string& id) {
    const auto place = set.operations().find({kind, id});
    return place != set.operations().end() && (place->second.has_remove_backend() || place->second.has_remove_server());
  };
  return removes(v1::Operation::kUpsertBackend, word.backend()) ||
         removes(v1::Operation::kUpsertServer, word.backend() + "/" + word.server());
}

template <typename Message>
void ApplyById(Wanted<Message> wanted, RepeatedPtrField<Message>& resources) {
  Apply(
      std::move(wanted), [](const Message& resource) { return resource.id(); },
      [](const Message& message, const Message&, Message& to) { to = message; }, resources);
}

}  // namespace

void ApplyOperations(const OperationSet& set, v1::Snapshot& state) {
  Wanted<v1::Listener> listeners;
  Wanted<v1::RouteTable> route_tables;
  Wanted<v1::Backend> backends;
  std::map<std::string, Wanted<v1::Server>> servers;  // by backend
  Wanted<v1::Certificate> certificates;
  Wanted<v1::TrustBundle> trust_bundles;
  Wanted<v1::TicketKeys> ticket_keys;
  Wanted<v1::Reporter> reporters;
  Wanted<v1::Scope> scopes;
  Wanted<v1::HealthState> health;
  for (const auto& [key, operation] : set.operations()) {
    const std::string& id = key.second;
    switch (key.first) {
      case v1::Operation::kUpsertListener:
        listeners[id] = operation.has_upsert_listener() ? &operation.upsert_listener() : nullptr;
        break;
      case v1::Operation::kUpsertRouteTable:
        route_tables[id] = operation.has_upsert_route_table() ? &operation.upsert_route_table() : nullptr;
        break;
      case v1::Operation::kUpsertBackend:
        backends[id] = operation.has_upsert_backend() ? &operation.upsert_backend() : nullptr;
        break;
      case v1::Operation::kUpsertServer:
        if (operation.has_upsert_server()) {
          const v1::UpsertServer& upsert = operation.upsert_server();
          servers[upsert.backend()][upsert.server().id()] = &upsert.server();
        } else {
          servers[operation.remove_server().backend()][operation.remove_server().server()] = nullptr;
        }
        break;
      case v1::Operation::kUpsertCertificate:
        certificates[id] = operation.has_upsert_certificate() ? &operation.upsert_certificate() : nullptr;
        break;
      case v1::Operation::kUpsertTrustBundle:
        trust_bundles[id] = operation.has_upsert_trust_bundle() ? &operation.upsert_trust_bundle() : nullptr;
        break;
      case v1::Operation::kUpsertTicketKeys:
        ticket_keys[id] = operation.has_upsert_ticket_keys() ? &operation.upsert_ticket_keys() : nullptr;
        break;
      case v1::Operation::kUpsertReporter:
        reporters[id] = operation.has_upsert_reporter() ? &operation.upsert_reporter() : nullptr;
        break;
      case v1::Operation::kUpsertScope:
        scopes[id] = operation.has_upsert_scope() ? &operation.upsert_scope() : nullptr;
        break;
      case v1::Operation::kSetHealth:
        health[id] = operation.set_health().status() == v1::Health::UNKNOWN ? nullptr : &operation.set_health();
        break;
    }
  }
  ApplyById(std::move(listeners), *state.mutable_listeners());
  ApplyById(std::move(route_tables), *state.mutable_route_tables());
  ApplyById(std::move(certificates), *state.mutable_certificates());
  ApplyById(std::move(trust_bundles), *state.mutable_trust_bundles());
  ApplyById(std::move(ticket_keys), *state.mutable_ticket_keys());
  ApplyById(std::move(reporters), *state.mutable_reporters());
  ApplyById(std::move(scopes), *state.mutable_scopes());
  Apply(
      std::move(backends), [](const v1::Backend& backend) { return backend.id(); },
      [](const v1::Backend& message, v1::Backend& before, v1::Backend& to) {
        to = message;
        to.mutable_servers()->Swap(before.mutable_servers());
      },
      *state.mutable_backends());
  for (v1::Backend& backend : *state.mutable_backends()) {
    const auto place = servers.find(backend.id());
    if (place != servers.end()) ApplyById(std::move(place->second), *backend.mutable_servers());
  }
  std::erase_if(health, [&](const auto& word) { return word.second != nullptr && GoesByItself(set, *word.second); });
  for (const v1::HealthState& word : state.health()) {
    if (GoesByItself(set, word)) health[word.backend() + "/" + word.server()] = nullptr;
  }
  Apply(
      std::move(health), [](const v1::HealthState& word) { return word.backend() + "/" + word.server(); },
      [](const v1::HealthState& message, const v1::HealthState&, v1::HealthState& to) { to = message; },
      *state.mutable_health());
}

}  // namespace fairlead::control
