#include "dataplane/control/naive_model.h"

#include <set>

#include "api/fingerprint/canonical_bytes.h"

namespace fairlead::control {
namespace {

std::string Bytes(const google::protobuf::Message& message) {
  std::string bytes;
  api::CanonicalBytes(message, bytes);
  return bytes;
}

}  // namespace

NaiveModel NaiveModel::Of(const v1::Snapshot& snapshot) {
  NaiveModel model;
  model.Add(snapshot);
  return model;
}

void NaiveModel::Add(const v1::Snapshot& snapshot) {
  for (const auto& listener : snapshot.listeners()) listeners[listener.id()] = listener;
  for (const auto& table : snapshot.route_tables()) route_tables[table.id()] = table;
  for (const auto& backend : snapshot.backends()) {
    for (const auto& server : backend.servers()) servers[{backend.id(), server.id()}] = server;
    backends[backend.id()] = backend;
    backends[backend.id()].clear_servers();
  }
  for (const auto& word : snapshot.health()) health[{word.backend(), word.server()}] = word;
  for (const auto& reporter : snapshot.reporters()) reporters[reporter.id()] = reporter;
  for (const auto& scope : snapshot.scopes()) scopes[scope.id()] = scope;
}

v1::Snapshot NaiveModel::ToSnapshot() const {
  v1::Snapshot snapshot;
  for (const auto& [id, listener] : listeners) *snapshot.add_listeners() = listener;
  for (const auto& [id, table] : route_tables) *snapshot.add_route_tables() = table;
  for (const auto& [id, backend] : backends) {
    v1::Backend& added = *snapshot.add_backends();
    added = backend;
    for (const auto& [name, server] : servers) {
      if (name.first == id) *added.add_servers() = server;
    }
  }
  for (const auto& [name, word] : health) *snapshot.add_health() = word;
  for (const auto& [id, reporter] : reporters) *snapshot.add_reporters() = reporter;
  for (const auto& [id, scope] : scopes) *snapshot.add_scopes() = scope;
  return snapshot;
}

std::map<std::string, std::string> NaiveModel::Resources() const {
  std::map<std::string, std::string> resources;
  for (const auto& [id, listener] : listeners) resources["listener " + id] = Bytes(listener);
  for (const auto& [id, table] : route_tables) resources["route table " + id] = Bytes(table);
  for (const auto& [id, backend] : backends) resources["backend " + id] = Bytes(backend);
  for (const auto& [name, server] : servers) resources["server " + name.first + "/" + name.second] = Bytes(server);
  for (const auto& [name, word] : health) resources["health " + name.first + "/" + name.second] = Bytes(word);
  for (const auto& [id, reporter] : reporters) resources["reporter " + id] = Bytes(reporter);
  for (const auto& [id, scope] : scopes) resources["scope " + id] = Bytes(scope);
  return resources;
}

bool NaiveModel::ReferencesHold() const {
  for (const auto& [id, listener] : listeners) {
    if (!route_tables.contains(listener.http().route_table())) return false;
  }
  for (const auto& [id, table] : route_tables) {
    for (const auto& host : table.virtual_hosts()) {
      for (const auto& rule : host.rules()) {
        for (const auto& weighted : rule.backends()) {
          if (!backends.contains(weighted.backend())) return false;
        }
      }
    }
  }
  for (const auto& [name, server] : servers) {
    if (!backends.contains(name.first)) return false;
  }
  for (const auto& [name, word] : health) {
    if (!servers.contains(name)) return false;
  }
  return true;
}

void NaiveModel::RemoveServer(const ServerName& name) {
  servers.erase(name);
  health.erase(name);
}

std::optional<NaiveModel> NaiveModel::After(const v1::Transaction& transaction) const {
  if (transaction.has_snapshot()) {
    NaiveModel next = Of(transaction.snapshot());
    return next.ReferencesHold() ? std::optional(next) : std::nullopt;
  }
  NaiveModel next = *this;
  std::set<std::string> named;
  bool good = true;
  for (const v1::Operation& operation : transaction.operations()) {  // removals first: order does not matter
    switch (operation.operation_case()) {
      case v1::Operation::kRemoveListener:
        good &= next.listeners.erase(operation.remove_listener()) == 1;
        good &= named.insert("listener " + operation.remove_listener()).second;
        break;
      case v1::Operation::kRemoveRouteTable:
        good &= next.route_tables.erase(operation.remove_route_table()) == 1;
        good &= named.insert("table " + operation.remove_route_table()).second;
        break;
      case v1::Operation::kRemoveBackend: {
        good &= next.backends.erase(operation.remove_backend()) == 1;
        good &= named.insert("backend " + operation.remove_backend()).second;
        for (const auto& [name, server] : servers) {
          if (name.first == operation.remove_backend()) next.RemoveServer(name);
        }
        break;
      }
      case v1::Operation::kRemoveServer: {
        const ServerName name(operation.remove_server().backend(), operation.remove_server().server());
        good &= servers.contains(name);
        good &= named.insert("server " + name.first + "/" + name.second).second;
        next.RemoveServer(name);
        break;
      }
      case v1::Operation::kRemoveReporter:
        good &= next.reporters.erase(operation.remove_reporter()) == 1;
        good &= named.insert("reporter " + operation.remove_reporter()).second;
        break;
      case v1::Operation::kRemoveScope:
        good &= next.scopes.erase(operation.remove_scope()) == 1;
        good &= named.insert("scope " + operation.remove_scope()).second;
        break;
      default:
        break;
    }
  }
  for (const v1::Operation& operation : transaction.operations()) {
    switch (operation.operation_case()) {
      case v1::Operation::kUpsertListener:
        next.listeners[operation.upsert_listener().id()] = operation.upsert_listener();
        good &= named.insert("listener " + operation.upsert_listener().id()).second;
        break;
      case v1::Operation::kUpsertRouteTable:
        next.route_tables[operation.upsert_route_table().id()] = operation.upsert_route_table();
        good &= named.insert("table " + operation.upsert_route_table().id()).second;
        break;
      case v1::Operation::kUpsertBackend:
        next.backends[operation.upsert_backend().id()] = operation.upsert_backend();
        good &= named.insert("backend " + operation.upsert_backend().id()).second;
        break;
      case v1::Operation::kUpsertReporter:
        next.reporters[operation.upsert_reporter().id()] = operation.upsert_reporter();
        good &= named.insert("reporter " + operation.upsert_reporter().id()).second;
        break;
      case v1::Operation::kUpsertScope:
        next.scopes[operation.upsert_scope().id()] = operation.upsert_scope();
        good &= named.insert("scope " + operation.upsert_scope().id()).second;
        break;
      case v1::Operation::kUpsertServer: {
        const ServerName name(operation.upsert_server().backend(), operation.upsert_server().server().id());
        next.servers[name] = operation.upsert_server().server();
        good &= named.insert("server " + name.first + "/" + name.second).second;
        break;
      }
      case v1::Operation::kSetHealth: {
        const ServerName name(operation.set_health().backend(), operation.set_health().server());
        next.health[name] = operation.set_health();
        good &= named.insert("health " + name.first + "/" + name.second).second;
        break;
      }
      default:
        break;
    }
  }
  good &= next.ReferencesHold();
  std::erase_if(next.health, [](const auto& word) { return word.second.status() == v1::Health::UNKNOWN; });
  return good ? std::optional(next) : std::nullopt;
}

}  // namespace fairlead::control
