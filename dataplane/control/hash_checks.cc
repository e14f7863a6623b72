#include "dataplane/control/hash_checks.h"

#include <algorithm>
#include <string>

#include "absl/container/btree_set.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/slot_access.h"
#include "dataplane/health/quote.h"
#include "dataplane/load_balancing/hash_table.h"
#include "dataplane/routing/sni_router.h"

namespace fairlead::control {
namespace {

bool IsByHash(const config::Backend* backend) {
  return backend != nullptr && backend->settings->policy == config::LoadBalancingPolicy::kHash;
}

// Whether a TCP connection has any of what the backend is balanced by, if that is a hash.
bool SuitsTcp(const config::Backend* backend) {
  if (!IsByHash(backend)) return true;
  const auto& keys = backend->settings->hash_keys;
  return std::any_of(keys.begin(), keys.end(),
                     [](const config::HashKey& key) { return key.part == config::HashKey::Part::kSourceAddress; });
}

class Checker {
 public:
  explicit Checker(Compilation& compilation) : compilation_(compilation), staged_(compilation.staged) {}

  void Check() {
    absl::btree_set<config::BackendSlot> touched(staged_.changes.list.backends.begin(),
                                                 staged_.changes.list.backends.end());
    for (const config::BackendSlot slot : touched) CheckListenersOf(slot);
    for (const auto& [slot, servers] : staged_.servers) touched.insert(slot);
    for (const config::BackendSlot slot : touched) CheckTable(slot);
    for (const Staged::ListenerUpdate& update : staged_.listener_updates) {
      if (update.listener != nullptr && update.listener->tcp.has_value()) CheckListener(*update.listener);
    }
  }

 private:
  const config::Backend* BackendAt(config::BackendSlot slot) const { return At(staged_.snapshot.backends, slot); }

  void CheckTable(config::BackendSlot slot) {
    const config::Backend* const backend = BackendAt(slot);
    if (!IsByHash(backend)) return;
    const config::HashTableSettings& settings = backend->settings->hash_table;
    if (settings.kind != config::HashTableSettings::Kind::kMaglev) return;
    const size_t servers = CountServers(slot);
    const uint32_t size =
        settings.table_size != 0 ? settings.table_size : load_balancing::HashTable::DefaultTableSize(servers);
    if (servers <= size) return;
    const Path place(root_, "backends", backend->settings->id);
    const Path balancing_place(place, "load_balancing");
    compilation_.violations.Invalid(Path(balancing_place, "table_size"),
                                    base::StrCat(size, " is fewer than the servers, which are ", servers));
  }

  size_t CountServers(config::BackendSlot slot) const {
    const auto planned = staged_.servers.find(slot);
    if (planned == staged_.servers.end()) return compilation_.store.servers(slot).size();
    const PlannedSlots& servers = planned->second;
    return servers.now().size() + servers.added().size() - servers.removed().size();
  }

  // Listeners that go on as they are.
  void CheckListenersOf(config::BackendSlot slot) {
    const config::Backend* const backend = BackendAt(slot);
    if (SuitsTcp(backend)) return;
    const Path place(root_, "backends", backend->settings->id);
    const Path balancing_place(place, "load_balancing");
    for (const config::ListenerSlot listener : compilation_.store.tcp_listener_references().ReferrersOf(slot)) {
      const std::string& id = compilation_.store.listener_message(listener).id();
      if (compilation_.requests.listeners.Names({id})) continue;
      compilation_.violations.Invalid(
          Path(balancing_place, "hash"),
          base::StrCat("no source_address, and listener ", health::Quote(id), " is for TCP, which has nothing else"));
    }
  }

  void CheckListener(const config::Listener& listener) {
    const config::TcpSettings& tcp = *listener.tcp;
    const Path listener_place(root_, "listeners", listener.id);
    const Path place(listener_place, "tcp");
    if (!tcp.backend_id.empty()) CheckUse(tcp.backend, Path(place, "backend"));
    if (tcp.sni_router == nullptr) return;
    for (size_t i = 0; i < tcp.sni_router->routes().size(); ++i) {
      const Path route_place(place, "sni_routes", static_cast<int>(i));
      CheckUse(tcp.sni_router->routes()[i].backend, Path(route_place, "backend"));
    }
  }

  void CheckUse(config::BackendSlot slot, const Path& place) {
    const config::Backend* const backend = BackendAt(slot);
    if (SuitsTcp(backend)) return;
    compilation_.violations.Invalid(
        place, base::StrCat("backend ", health::Quote(backend->settings->id),
                            " is balanced by a hash without source_address, and TCP has nothing else"));
  }

  Compilation& compilation_;
  const Staged& staged_;
  const Path root_;
};

}  // namespace

void CheckHashes(Compilation& compilation) { Checker(compilation).Check(); }

}  // namespace fairlead::control
