#include "api/diff/diff.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "api/fingerprint/canonical_bytes.h"

namespace fairlead::api {
namespace {

// A server's place: the ids of its backend and its own.
using ServerName = std::pair<std::string_view, std::string_view>;

class Differ {
 public:
  Differ(const v1::Snapshot& from, const v1::Snapshot& to) : from_(from), to_(to) {}

  std::vector<v1::Operation> Run() && {
    DiffById(from_.listeners(), to_.listeners(), &v1::Operation::mutable_upsert_listener,
             [](v1::Operation& operation, const std::string& id) { operation.set_remove_listener(id); });
    DiffById(from_.route_tables(), to_.route_tables(), &v1::Operation::mutable_upsert_route_table,
             [](v1::Operation& operation, const std::string& id) { operation.set_remove_route_table(id); });
    DiffById(from_.certificates(), to_.certificates(), &v1::Operation::mutable_upsert_certificate,
             [](v1::Operation& operation, const std::string& id) { operation.set_remove_certificate(id); });
    DiffById(from_.trust_bundles(), to_.trust_bundles(), &v1::Operation::mutable_upsert_trust_bundle,
             [](v1::Operation& operation, const std::string& id) { operation.set_remove_trust_bundle(id); });
    DiffById(from_.ticket_keys(), to_.ticket_keys(), &v1::Operation::mutable_upsert_ticket_keys,
             [](v1::Operation& operation, const std::string& id) { operation.set_remove_ticket_keys(id); });
    DiffById(from_.reporters(), to_.reporters(), &v1::Operation::mutable_upsert_reporter,
             [](v1::Operation& operation, const std::string& id) { operation.set_remove_reporter(id); });
    DiffById(from_.scopes(), to_.scopes(), &v1::Operation::mutable_upsert_scope,
             [](v1::Operation& operation, const std::string& id) { operation.set_remove_scope(id); });
    DiffBackends();
    DiffHealth();
    return std::move(operations_);
  }

 private:
  v1::Operation& Add() { return operations_.emplace_back(); }

  // Of resources that are one operation each. `upsert` is the operation's member to fill, `remove` fills it with an id.
  template <typename Resources, typename Upsert, typename Remove>
  void DiffById(const Resources& from, const Resources& to, Upsert upsert, Remove remove) {
    absl::flat_hash_map<std::string_view, std::string> before;
    for (const auto& resource : from) CanonicalBytes(resource, before[resource.id()]);
    absl::flat_hash_set<std::string_view> after;
    std::string bytes;
    for (const auto& resource : to) {
      after.insert(resource.id());
      CanonicalBytes(resource, bytes);
      const auto old = before.find(resource.id());
      if (old == before.end() || old->second != bytes) *(Add().*upsert)() = resource;
    }
    for (const auto& resource : from) {
      if (!after.contains(resource.id())) remove(Add(), resource.id());
    }
  }

  void DiffBackends() {
    absl::flat_hash_map<std::string_view, const v1::Backend*> before;
    for (const v1::Backend& backend : from_.backends()) before.emplace(backend.id(), &backend);
    absl::flat_hash_set<std::string_view> after;
    for (const v1::Backend& backend : to_.backends()) {
      after.insert(backend.id());
      const auto old = before.find(backend.id());
      DiffBackend(old == before.end() ? nullptr : old->second, backend);
    }
    for (const v1::Backend& backend : from_.backends()) {
      if (!after.contains(backend.id())) Add().set_remove_backend(backend.id());
    }
  }

  // `from` is null for a backend that is new.
  void DiffBackend(const v1::Backend* from, const v1::Backend& to) {
    const v1::Backend nothing;
    old_backend_.Split(from == nullptr ? nothing : *from);
    new_backend_.Split(to);
    if (from == nullptr || old_backend_.settings() != new_backend_.settings()) {
      Add().mutable_upsert_backend()->ParseFromString(new_backend_.settings());
    }
    DiffServers(from == nullptr ? nothing : *from, to);
  }

  void DiffServers(const v1::Backend& from, const v1::Backend& to) {
    absl::flat_hash_map<std::string_view, std::string_view> before;
    for (int i = 0; i < from.servers_size(); ++i) before.emplace(from.servers(i).id(), OldBytes(i));
    absl::flat_hash_set<std::string_view> after;
    after.reserve(static_cast<size_t>(to.servers_size()));
    for (int i = 0; i < to.servers_size(); ++i) {
      const v1::Server& server = to.servers(i);
      after.insert(server.id());
      remaining_servers_.emplace(to.id(), server.id());
      const auto old = before.find(server.id());
      if (old == before.end() || old->second != NewBytes(i)) {
        v1::UpsertServer& upsert = *Add().mutable_upsert_server();
        upsert.set_backend(to.id());
        *upsert.mutable_server() = server;
      }
    }
    for (const v1::Server& server : from.servers()) {
      if (after.contains(server.id())) continue;
      v1::ServerRef& removed = *Add().mutable_remove_server();
      removed.set_backend(from.id());
      removed.set_server(server.id());
    }
  }

  std::string_view OldBytes(int server) const { return old_backend_.servers()[static_cast<size_t>(server)]; }
  std::string_view NewBytes(int server) const { return new_backend_.servers()[static_cast<size_t>(server)]; }

  // After DiffBackends.
  void DiffHealth() {
    absl::flat_hash_map<ServerName, std::string> before;
    for (const v1::HealthState& health : from_.health()) {
      if (SaysSomething(health)) CanonicalBytes(health, before[NameOf(health)]);
    }
    absl::flat_hash_set<ServerName> after;
    std::string bytes;
    for (const v1::HealthState& health : to_.health()) {
      if (!SaysSomething(health)) continue;
      after.insert(NameOf(health));
      CanonicalBytes(health, bytes);
      const auto old = before.find(NameOf(health));
      if (old == before.end() || old->second != bytes) *Add().mutable_set_health() = health;
    }
    for (const v1::HealthState& health : from_.health()) {
      // The health of a server that goes, goes with it.
      if (!SaysSomething(health) || after.contains(NameOf(health)) || !remaining_servers_.contains(NameOf(health)))
        continue;
      v1::HealthState& taken_back = *Add().mutable_set_health();
      taken_back.set_backend(health.backend());
      taken_back.set_server(health.server());
    }
  }

  static bool SaysSomething(const v1::HealthState& health) { return health.status() != v1::Health::UNKNOWN; }
  static ServerName NameOf(const v1::HealthState& health) { return {health.backend(), health.server()}; }

  const v1::Snapshot& from_;
  const v1::Snapshot& to_;
  std::vector<v1::Operation> operations_;
  // Of the backend that is being compared.
  CanonicalBackend old_backend_;
  CanonicalBackend new_backend_;
  // Of `to`.
  absl::flat_hash_set<ServerName> remaining_servers_;
};

}  // namespace

std::vector<v1::Operation> Diff(const v1::Snapshot& from, const v1::Snapshot& to) { return Differ(from, to).Run(); }

}  // namespace fairlead::api
