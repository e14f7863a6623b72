#include "dataplane/control/undo.h"

#include <memory>
#include <optional>

#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/control/slot_access.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {
namespace {

class Maker {
 public:
  Maker(const Store& store, const Staged& staged) : store_(store), before_(*store.snapshot()), staged_(staged) {}

  v1::Transaction Make() && {
    for (const Staged::ListenerUpdate& update : staged_.listener_updates) {
      const config::Listener* const listener = At(before_.listeners, update.slot);
      const bool was = listener != nullptr;
      // Its certificates alone are others.
      if (was && update.listener != nullptr && listener->digest == update.listener->digest) continue;
      AddUndo(was ? &store_.listener_message(update.slot) : nullptr, update.message.get(),
              &v1::Operation::mutable_upsert_listener,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_listener(id); });
    }
    for (const Staged::RouteTableUpdate& update : staged_.route_table_updates) {
      const bool was = At(before_.route_tables, update.slot) != nullptr;
      AddUndo(was ? &store_.route_table_message(update.slot) : nullptr, update.message.get(),
              &v1::Operation::mutable_upsert_route_table,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_route_table(id); });
    }
    for (const Staged::CertificateUpdate& update : staged_.certificate_updates) {
      const bool was = At(before_.certificates, update.slot) != nullptr;
      AddUndo(was ? &store_.certificate_message(update.slot) : nullptr, update.message.get(),
              &v1::Operation::mutable_upsert_certificate,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_certificate(id); });
    }
    for (const Staged::TrustBundleUpdate& update : staged_.trust_bundle_updates) {
      const bool was = At(before_.trust_bundles, update.slot) != nullptr;
      AddUndo(was ? &store_.trust_bundle_message(update.slot) : nullptr, update.message.get(),
              &v1::Operation::mutable_upsert_trust_bundle,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_trust_bundle(id); });
    }
    for (const Staged::TicketKeysUpdate& update : staged_.ticket_keys_updates) {
      const bool was = At(before_.ticket_keys, update.slot) != nullptr;
      AddUndo(was ? &store_.ticket_keys_message(update.slot) : nullptr, update.message.get(),
              &v1::Operation::mutable_upsert_ticket_keys,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_ticket_keys(id); });
    }
    for (const Staged::BackendUpdate& update : staged_.backend_updates) {
      const bool was = At(before_.backends, update.slot) != nullptr;
      AddUndo(was ? &store_.backend_message(update.slot) : nullptr, update.message.get(),
              &v1::Operation::mutable_upsert_backend,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_backend(id); });
    }
    for (const config::ChangeList::ServerChange& place : staged_.changes.list.servers) AddServer(place);
    for (const Changes::HealthWord& word : staged_.changes.health_words) AddHealth(word);
    for (const auto& update : staged_.reporter_updates) {
      const auto* before = store_.reporters().Find(update.id);
      AddUndo(before == nullptr ? nullptr : before->message.get(), update.resource.message.get(),
              &v1::Operation::mutable_upsert_reporter,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_reporter(id); });
    }
    for (const auto& update : staged_.scope_updates) {
      const auto* before = store_.scope_messages().Find(update.id);
      AddUndo(before == nullptr ? nullptr : before->message.get(), update.resource.message.get(),
              &v1::Operation::mutable_upsert_scope,
              [](v1::Operation& operation, const std::string& id) { operation.set_remove_scope(id); });
    }
    return std::move(undo_);
  }

 private:
  // Of a slot that held `before` and will hold `after`; null: nothing.
  template <typename Message, typename Upsert, typename Remove>
  void AddUndo(const Message* before, const Message* after, Upsert upsert, Remove remove) {
    if (after != nullptr && (before == nullptr || before->id() != after->id())) {
      remove(*undo_.add_operations(), after->id());
    }
    if (before != nullptr) *(undo_.add_operations()->*upsert)() = *before;
  }

  void AddServer(const config::ChangeList::ServerChange& place) {
    const config::Backend* const backend_was = At(before_.backends, place.backend);
    const config::Backend* const backend_is = At(staged_.snapshot.backends, place.backend);
    const config::Server* const was = backend_was == nullptr ? nullptr : At(backend_was->servers, place.server);
    const config::Server* const is = backend_is == nullptr ? nullptr : At(backend_is->servers, place.server);
    const bool same =
        was != nullptr && is != nullptr && backend_was->settings->id == backend_is->settings->id && was->id == is->id;
    if (same && was->digest == is->digest) return;  // of other health alone
    if (is != nullptr && !same) {
      v1::ServerRef& remove = *undo_.add_operations()->mutable_remove_server();
      remove.set_backend(backend_is->settings->id);
      remove.set_server(is->id);
    }
    if (was == nullptr) return;
    v1::UpsertServer& upsert = *undo_.add_operations()->mutable_upsert_server();
    upsert.set_backend(backend_was->settings->id);
    const v1::Server* const message = store_.FindServerMessage(place.backend, place.server);
    *upsert.mutable_server() = message == nullptr ? ToProto(*was) : *message;
  }

  void AddHealth(const Changes::HealthWord& word) {
    v1::HealthState& undo = *undo_.add_operations()->mutable_set_health();
    undo.set_backend(word.backend);
    undo.set_server(word.server);
    if (!word.existed) return;  // UNKNOWN takes it back
    const config::BackendSlot backend = *store_.backends().Find(word.backend);
    const config::ServerSlot server = *store_.servers(backend).Find(word.server);
    undo = *store_.FindHealthWord(backend, server)->message;
  }

  const Store& store_;
  const config::Snapshot& before_;
  const Staged& staged_;
  v1::Transaction undo_;
};

}  // namespace

persistence::Undo MakeUndo(const Store& store, const Staged& staged) {
  persistence::Undo undo;
  undo.set_to_nothing(store.fingerprint() == 0);
  if (!undo.to_nothing()) undo.set_operations(Maker(store, staged).Make().SerializeAsString());
  return undo;
}

}  // namespace fairlead::control
