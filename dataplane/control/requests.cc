#include "dataplane/control/requests.h"

#include <type_traits>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/value_checks.h"

namespace fairlead::control {
namespace {

constexpr int kMaxOperations = 1'000'000;
constexpr char kNamedTwice[] = "named twice in this transaction";

// Fills AllRequests, from either form.
class Reader {
 public:
  Reader(const FieldRules& rules, Violations& violations) : rules_(rules), violations_(violations) {}

  void ReadSnapshot(v1::Snapshot& snapshot, const Store& store);
  void ReadOperations(google::protobuf::RepeatedPtrField<v1::Operation>& operations);

  AllRequests requests;

 private:
  void ReadOperation(v1::Operation& operation, int index);

  // Of listeners, route tables and backends: `field` is the snapshot's name for the kind.
  template <typename Message>
  void Add(std::string_view field, std::string_view id, const std::type_identity_t<Message>* message,
           Requests<Message, IdKey>& to) {
    const Path place(root_, field, id);
    if (!CheckId(id, Path(place, "id"), violations_)) return;
    if (!to.Add({id}, message)) violations_.Add(v1::Violation::ALREADY_EXISTS, place, kNamedTwice);
  }
  void AddServer(std::string_view backend, std::string_view id, const v1::Server* message);
  void AddHealth(const v1::HealthState& health);
  void AddBackend(v1::Backend& backend);

  // What a snapshot does not hold goes.
  void RemoveTheRest(const Store& store);

  const FieldRules& rules_;
  Violations& violations_;
  const Path root_;
};

void Reader::ReadSnapshot(v1::Snapshot& snapshot, const Store& store) {
  requests.from_snapshot = true;
  rules_.CheckOwnFields(snapshot, root_, violations_);
  for (const v1::Listener& listener : snapshot.listeners()) {
    Add("listeners", listener.id(), &listener, requests.listeners);
  }
  for (const v1::RouteTable& table : snapshot.route_tables()) {
    Add("route_tables", table.id(), &table, requests.route_tables);
  }
  for (const v1::Certificate& certificate : snapshot.certificates()) {
    Add("certificates", certificate.id(), &certificate, requests.certificates);
  }
  for (const v1::TrustBundle& bundle : snapshot.trust_bundles()) {
    Add("trust_bundles", bundle.id(), &bundle, requests.trust_bundles);
  }
  for (const v1::Reporter& reporter : snapshot.reporters()) {
    Add("reporters", reporter.id(), &reporter, requests.reporters);
  }
  for (const v1::Scope& scope : snapshot.scopes()) Add("scopes", scope.id(), &scope, requests.scopes);
  for (const v1::TicketKeys& keys : snapshot.ticket_keys()) {
    Add("ticket_keys", keys.id(), &keys, requests.ticket_keys);
  }
  for (v1::Backend& backend : *snapshot.mutable_backends()) {
    requests.servers_of_backends.emplace_back().Swap(backend.mutable_servers());
    Add("backends", backend.id(), &backend, requests.backends);
    for (const v1::Server& server : requests.servers_of_backends.back()) AddServer(backend.id(), server.id(), &server);
  }
  for (const v1::HealthState& health : snapshot.health()) AddHealth(health);
  RemoveTheRest(store);
}

void Reader::RemoveTheRest(const Store& store) {
  store.listeners().ForEach([&](std::string_view id, uint32_t) { requests.listeners.Add({id}, nullptr); });
  store.route_tables().ForEach([&](std::string_view id, uint32_t) { requests.route_tables.Add({id}, nullptr); });
  store.certificates().ForEach([&](std::string_view id, uint32_t) { requests.certificates.Add({id}, nullptr); });
  store.trust_bundles().ForEach([&](std::string_view id, uint32_t) { requests.trust_bundles.Add({id}, nullptr); });
  store.reporters().ForEach([&](std::string_view id, const v1::Reporter&) { requests.reporters.Add({id}, nullptr); });
  store.scope_messages().ForEach([&](std::string_view id, const v1::Scope&) { requests.scopes.Add({id}, nullptr); });
  store.ticket_keys().ForEach([&](std::string_view id, uint32_t) { requests.ticket_keys.Add({id}, nullptr); });
  store.backends().ForEach([&](std::string_view backend, uint32_t slot) {
    // A backend goes with its servers and their health.
    if (requests.backends.Add({backend}, nullptr)) return;
    store.servers(slot).ForEach([&](std::string_view server, uint32_t server_slot) {
      if (requests.servers.Add({backend, server}, nullptr)) return;
      if (store.FindHealthWord(slot, server_slot) != nullptr) requests.health.Add({backend, server}, nullptr);
    });
  });
}

void Reader::ReadOperations(google::protobuf::RepeatedPtrField<v1::Operation>& operations) {
  if (operations.size() > kMaxOperations) {
    violations_.Invalid(Path(root_, "operations"),
                        base::StrCat("not 1 to ", kMaxOperations, " operations: ", operations.size()));
    return;
  }
  for (int i = 0; i < operations.size(); ++i) ReadOperation(operations[i], i);
}

void Reader::ReadOperation(v1::Operation& operation, int index) {
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertListener:
      return Add("listeners", operation.upsert_listener().id(), &operation.upsert_listener(), requests.listeners);
    case v1::Operation::kRemoveListener:
      return Add("listeners", operation.remove_listener(), nullptr, requests.listeners);
    case v1::Operation::kUpsertRouteTable:
      return Add("route_tables", operation.upsert_route_table().id(), &operation.upsert_route_table(),
                 requests.route_tables);
    case v1::Operation::kRemoveRouteTable:
      return Add("route_tables", operation.remove_route_table(), nullptr, requests.route_tables);
    case v1::Operation::kUpsertBackend:
      return AddBackend(*operation.mutable_upsert_backend());
    case v1::Operation::kRemoveBackend:
      return Add("backends", operation.remove_backend(), nullptr, requests.backends);
    case v1::Operation::kUpsertServer:
      return AddServer(operation.upsert_server().backend(), operation.upsert_server().server().id(),
                       &operation.upsert_server().server());
    case v1::Operation::kRemoveServer:
      return AddServer(operation.remove_server().backend(), operation.remove_server().server(), nullptr);
    case v1::Operation::kSetHealth:
      return AddHealth(operation.set_health());
    case v1::Operation::kUpsertCertificate:
      return Add("certificates", operation.upsert_certificate().id(), &operation.upsert_certificate(),
                 requests.certificates);
    case v1::Operation::kRemoveCertificate:
      return Add("certificates", operation.remove_certificate(), nullptr, requests.certificates);
    case v1::Operation::kUpsertTrustBundle:
      return Add("trust_bundles", operation.upsert_trust_bundle().id(), &operation.upsert_trust_bundle(),
                 requests.trust_bundles);
    case v1::Operation::kRemoveTrustBundle:
      return Add("trust_bundles", operation.remove_trust_bundle(), nullptr, requests.trust_bundles);
    case v1::Operation::kUpsertTicketKeys:
      return Add("ticket_keys", operation.upsert_ticket_keys().id(), &operation.upsert_ticket_keys(),
                 requests.ticket_keys);
    case v1::Operation::kRemoveTicketKeys:
      return Add("ticket_keys", operation.remove_ticket_keys(), nullptr, requests.ticket_keys);
    case v1::Operation::kUpsertReporter:
      return Add("reporters", operation.upsert_reporter().id(), &operation.upsert_reporter(), requests.reporters);
    case v1::Operation::kRemoveReporter:
      return Add("reporters", operation.remove_reporter(), nullptr, requests.reporters);
    case v1::Operation::kUpsertScope:
      return Add("scopes", operation.upsert_scope().id(), &operation.upsert_scope(), requests.scopes);
    case v1::Operation::kRemoveScope:
      return Add("scopes", operation.remove_scope(), nullptr, requests.scopes);
    case v1::Operation::OPERATION_NOT_SET:
      return violations_.Invalid(Path(root_, "operations", index), "empty, or one that this version does not know");
  }
}

void Reader::AddBackend(v1::Backend& backend) {
  if (backend.servers_size() > 0) {
    const Path place(root_, "backends", backend.id());
    violations_.Invalid(Path(place, "servers"),
                        "not empty: in operations, servers have upsert_server and remove_server");
    backend.clear_servers();
  }
  Add("backends", backend.id(), &backend, requests.backends);
}

void Reader::AddServer(std::string_view backend, std::string_view id, const v1::Server* message) {
  const Path backend_place(root_, "backends", backend);
  const Path place(backend_place, "servers", id);
  if (!CheckId(id, Path(place, "id"), violations_)) return;
  if (!requests.servers.Add({backend, id}, message)) {
    violations_.Add(v1::Violation::ALREADY_EXISTS, place, kNamedTwice);
  }
}

void Reader::AddHealth(const v1::HealthState& health) {
  if (requests.health.Add({health.backend(), health.server()}, &health)) return;
  const std::string name = base::StrCat(health.backend(), "/", health.server());
  violations_.Add(v1::Violation::ALREADY_EXISTS, Path(root_, "health", name), kNamedTwice);
}

}  // namespace

AllRequests ReadRequests(v1::Transaction& transaction, const Store& store, const FieldRules& rules,
                         Violations& violations) {
  Reader reader(rules, violations);
  if (transaction.has_snapshot() && transaction.operations_size() > 0) {
    violations.Invalid(Path(Path(), "snapshot"), "beside operations; want exactly one of the two");
  } else if (transaction.has_snapshot()) {
    reader.ReadSnapshot(*transaction.mutable_snapshot(), store);
  } else if (transaction.operations_size() > 0) {
    reader.ReadOperations(*transaction.mutable_operations());
  } else {
    violations.Invalid(Path(Path(), "operations"), "none, and no snapshot; want exactly one of the two");
  }
  return std::move(reader.requests);
}

void PutServersBack(AllRequests& requests, v1::Transaction& transaction) {
  auto servers = requests.servers_of_backends.begin();
  for (; servers != requests.servers_of_backends.end(); ++servers) {
    const auto index = static_cast<int>(servers - requests.servers_of_backends.begin());
    transaction.mutable_snapshot()->mutable_backends(index)->mutable_servers()->Swap(&*servers);
  }
}

}  // namespace fairlead::control
