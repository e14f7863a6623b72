#include "dataplane/control/compilation.h"

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {

Staged StageNothing(const Store& store) {
  Staged staged(store.listeners(), store.route_tables(), store.backends(), store.certificates(), store.trust_bundles(),
                store.ticket_keys());
  staged.snapshot = *store.snapshot();
  staged.fingerprint = store.fingerprint();
  return staged;
}

Compilation::Compilation(const Store& store, const AllRequests& requests, const FieldRules& rules,
                         api::Digester& digester, int workers, Violations& violations)
    : store(store),
      requests(requests),
      rules(rules),
      digester(digester),
      workers(workers),
      violations(violations),
      staged(StageNothing(store)),
      backend_editor(&staged.snapshot) {}

std::optional<config::ServerSlot> Compilation::FindServer(config::BackendSlot backend, std::string_view id) const {
  const auto planned = staged.servers.find(backend);
  return planned == staged.servers.end() ? store.servers(backend).Find(id) : planned->second.Find(id);
}

void Compilation::CountAdded(absl::uint128 digest) {
  ++staged.added;
  staged.fingerprint += digest;
}

void Compilation::CountChanged(absl::uint128 before, absl::uint128 after) {
  ++staged.changed;
  staged.fingerprint += after - before;
}

void Compilation::CountRemoved(absl::uint128 digest) {
  ++staged.removed;
  staged.fingerprint -= digest;
}

std::string NotThere(std::string_view kind, std::string_view id) {
  return base::StrCat("no ", kind, " ", health::Quote(id), " at the end of the transaction");
}

}  // namespace fairlead::control
