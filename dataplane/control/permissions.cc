#include "dataplane/control/permissions.h"

#include <optional>
#include <string_view>
#include <vector>

#include "api/fingerprint/canonical_bytes.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/find_server.h"
#include "dataplane/control/slot_access.h"
#include "dataplane/health/quote.h"
#include "dataplane/routing/router.h"

namespace fairlead::control {
namespace {

using Kind = Permission::Kind;

// Nothing but the weight and the admin state would change.
bool ChangesOnlyWeight(const Store& store, const ServerKey& key, const v1::Server* wanted) {
  if (wanted == nullptr) return false;
  std::optional<v1::Server> now = FindServerAsSent(store, key.backend, key.server);
  if (!now.has_value()) return false;
  if (wanted->has_weight()) {
    now->set_weight(wanted->weight());
  } else {
    now->clear_weight();
  }
  now->set_admin_state(wanted->admin_state());
  std::string as_it_would_be, as_wanted;
  api::CanonicalBytes(*now, as_it_would_be);
  api::CanonicalBytes(*wanted, as_wanted);
  return as_it_would_be == as_wanted;
}

class Checker {
 public:
  Checker(const Rights& rights, const Store& store, Violations& violations)
      : rights_(rights), store_(store), violations_(violations) {}

  void NeedEverything(const Path& place, std::string_view what) {
    if (!rights_.everything()) Deny(place, base::StrCat(what, " take the right to everything"));
  }
  void Need(Kind kind, std::string_view id, const Path& place, std::string_view what) {
    if (!rights_.Allow(kind, id)) Deny(place, base::StrCat("no scope of yours lets you change ", what));
  }
  void NeedForServer(const ServerKey& key, const v1::Server* message) {
    const Path backend(root_, "backends", key.backend);
    const Path place(backend, "servers", key.server);
    const bool only_weight = ChangesOnlyWeight(store_, key, message);
    const bool has_weights = rights_.Allow(Kind::kWeights, key.backend);
    Need(only_weight ? Kind::kWeights : Kind::kAll, key.backend, place,
         has_weights ? "more than its weight and admin_state" : "it");
  }

 private:
  void Deny(const Path& place, std::string message) {
    violations_.Add(v1::Violation::PERMISSION_DENIED, place, std::move(message));
  }

  const Rights& rights_;
  const Store& store_;
  Violations& violations_;
  const Path root_;
};

}  // namespace

void CheckPermissions(const Rights& rights, const AllRequests& requests, const Store& store, Violations& violations) {
  if (rights.everything()) return;
  Checker checker(rights, store, violations);
  const Path root;
  if (requests.from_snapshot) {
    return checker.NeedEverything(Path(root, "snapshot"), "snapshots");
  }
  const auto need_all = [&](std::string_view field, const auto& of_kind) {
    for (const auto& request : of_kind.list()) {
      checker.Need(Kind::kAll, request.key.id, Path(root, field, request.key.id), "it");
    }
  };
  need_all("listeners", requests.listeners);
  need_all("route_tables", requests.route_tables);
  need_all("backends", requests.backends);
  need_all("certificates", requests.certificates);
  need_all("trust_bundles", requests.trust_bundles);
  need_all("ticket_keys", requests.ticket_keys);
  for (const auto& request : requests.servers.list()) checker.NeedForServer(request.key, request.message);
  for (const auto& request : requests.health.list()) {
    const std::string name = base::StrCat(request.key.backend, "/", request.key.server);
    checker.Need(Kind::kHealth, request.key.backend, Path(root, "health", name), "its health");
  }
  for (const auto& request : requests.reporters.list()) {
    checker.NeedEverything(Path(root, "reporters", request.key.id), "reporters");
  }
  for (const auto& request : requests.scopes.list()) {
    checker.NeedEverything(Path(root, "scopes", request.key.id), "scopes");
  }
}

void CheckReferencePermissions(const Rights& rights, const Store& store, const Staged& staged, Violations& violations) {
  if (rights.everything()) return;
  const Path root;
  const config::Snapshot& after = staged.snapshot;
  const auto check = [&](const Path& place, uint32_t referrer, const std::vector<uint32_t>& targets,
                         const References& before, std::string_view kind, auto id_of) {
    for (const uint32_t target : targets) {
      if (before.ReferrersOf(target).contains(referrer)) continue;
      const std::string_view id = id_of(target);
      if (rights.Allow(Permission::Kind::kUse, id)) continue;
      violations.Add(
          v1::Violation::PERMISSION_DENIED, place,
          base::StrCat("refers to ", kind, " ", health::Quote(id), ", which no scope of yours lets you use"));
    }
  };
  const auto backend_id = [&](uint32_t slot) -> std::string_view { return after.backends[slot]->settings->id; };
  const auto certificate_id = [&](uint32_t slot) -> std::string_view { return after.certificates[slot]->id; };
  const auto bundle_id = [&](uint32_t slot) -> std::string_view { return after.trust_bundles[slot]->id; };
  const auto keys_id = [&](uint32_t slot) -> std::string_view { return after.ticket_keys[slot]->id; };
  const auto table_id = [&](uint32_t slot) -> std::string_view { return after.route_tables[slot]->table().id; };
  for (const Staged::ListenerUpdate& update : staged.listener_updates) {
    if (update.listener == nullptr) continue;
    const config::Listener& listener = *update.listener;
    const Path place(root, "listeners", listener.id);
    if (listener.tcp) {
      check(place, update.slot, BackendsOf(*listener.tcp), store.tcp_listener_references(), "backend", backend_id);
    } else {
      check(place, update.slot, {listener.http.route_table}, store.listener_references(), "route table", table_id);
    }
    if (listener.tls == nullptr) continue;
    check(place, update.slot, listener.tls->certificates, store.listener_certificates(), "certificate", certificate_id);
    check(place, update.slot, listener.tls->trust_bundles, store.listener_trust_bundles(), "trust bundle", bundle_id);
    check(place, update.slot, listener.tls->ticket_keys, store.listener_ticket_keys(), "ticket keys", keys_id);
  }
  for (const Staged::RouteTableUpdate& update : staged.route_table_updates) {
    if (update.message == nullptr) continue;
    check(Path(root, "route_tables", update.message->id()), update.slot, update.backends,
          store.route_table_references(), "backend", backend_id);
  }
  for (const Staged::BackendUpdate& update : staged.backend_updates) {
    if (update.message == nullptr) continue;
    const config::BackendTls* const tls = after.backends[update.slot]->settings->tls.get();
    if (tls == nullptr) continue;
    const Path place(root, "backends", update.message->id());
    check(place, update.slot, tls->certificates, store.backend_certificates(), "certificate", certificate_id);
    check(place, update.slot, tls->trust_bundles, store.backend_trust_bundles(), "trust bundle", bundle_id);
  }
}

}  // namespace fairlead::control
