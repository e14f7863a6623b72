#include "dataplane/control/preconditions.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/capacity.h"
#include "dataplane/control/slot_access.h"
#include "dataplane/health/quote.h"
#include "dataplane/routing/router.h"

namespace fairlead::control {
namespace {

constexpr int kMaxPreconditions = 1'000;

class Checker {
 public:
  Checker(const Store& store, const Staged& staged, const health::HealthTable& health, Violations& violations)
      : store_(store), staged_(staged), after_(&staged, health), violations_(violations) {}

  void Check(const v1::Precondition& precondition, const Path& place) {
    switch (precondition.condition_case()) {
      case v1::Precondition::kMinEligibleShare:
        return CheckShare(precondition.min_eligible_share(), Path(place, "min_eligible_share"));
      case v1::Precondition::kMaxServersRemoved:
        return CheckRemovals(precondition.max_servers_removed(), Path(place, "max_servers_removed"));
      case v1::Precondition::kResource:
        return CheckResource(precondition.resource(), Path(place, "resource"));
      case v1::Precondition::CONDITION_NOT_SET:
        return violations_.Invalid(place, "empty, or one that this version does not know");
    }
  }

 private:
  void Fail(const Path& place, std::string message) {
    violations_.Add(v1::Violation::PRECONDITION_FAILED, place, std::move(message));
  }

  void CheckShare(double least, const Path& place) {
    if (!(least >= 0 && least <= 1)) return violations_.Invalid(place, absl::StrFormat("not 0 to 1: %g", least));
    for (config::BackendSlot slot : TouchedBackends(staged_)) CheckShareOf(slot, least, place);
  }

  void CheckShareOf(config::BackendSlot slot, double least, const Path& place) {
    const config::Backend* const after = At(staged_.snapshot.backends, slot);
    const config::Backend* before = At(store_.snapshot()->backends, slot);
    if (after == nullptr) return;  // removed, with nothing that leads to it
    if (before != nullptr && before->settings->id != after->settings->id) before = nullptr;
    const Capacity was = CapacityOf(WeightsOf(before));
    const Capacity will_be = CapacityOf(after_.Of(slot));
    const uint32_t servers = std::max(was.servers, will_be.servers);
    if (servers == 0 || will_be.eligible >= least * servers) return;
    Fail(place, absl::StrFormat("backend %s: %d of %d servers would be eligible (%.3g), below %g; now %d of %d are",
                                health::Quote(after->settings->id), will_be.eligible, servers,
                                static_cast<double>(will_be.eligible) / servers, least, was.eligible, was.servers));
  }

  void CheckRemovals(uint32_t most, const Path& place) {
    uint64_t removed = 0;
    for (const auto& [slot, servers] : staged_.servers) removed += servers.removed().size();
    for (std::string_view id : staged_.backends.removed())
      removed += store_.servers(*store_.backends().Find(id)).size();
    if (removed > most) Fail(place, base::StrCat(removed, " servers would be removed, more than ", most));
  }

  void CheckResource(const v1::ResourceFingerprint& resource, const Path& place) {
    const std::optional<absl::uint128> digest = FindDigest(resource, place);
    if (!digest) return;
    const std::string is = *digest == 0 ? "" : api::Fingerprint(*digest).ToHex();
    if (is == resource.fingerprint()) return;
    const std::string name = base::StrCat(resource.kind(), " ", health::Quote(resource.id()));
    if (is.empty()) return Fail(place, base::StrCat("there is no ", name));
    Fail(place, base::StrCat(name, resource.fingerprint().empty() ? " exists: " : " is another: ", is));
  }

  // 0: there is no such resource. Nothing: a violation was added.
  std::optional<absl::uint128> FindDigest(const v1::ResourceFingerprint& resource, const Path& place) {
    const config::Snapshot& snapshot = *store_.snapshot();
    const std::string& kind = resource.kind();
    if (kind == "listener") {
      const auto slot = store_.listeners().Find(resource.id());
      return slot ? snapshot.listeners[*slot]->digest : 0;
    }
    if (kind == "route_table") {
      const auto slot = store_.route_tables().Find(resource.id());
      return slot ? snapshot.route_tables[*slot]->table().digest : 0;
    }
    if (kind == "backend") {
      const auto slot = store_.backends().Find(resource.id());
      return slot ? snapshot.backends[*slot]->settings->digest : 0;
    }
    if (kind == "certificate") {
      const auto slot = store_.certificates().Find(resource.id());
      return slot ? snapshot.certificates[*slot]->digest : 0;
    }
    if (kind == "trust_bundle") {
      const auto slot = store_.trust_bundles().Find(resource.id());
      return slot ? snapshot.trust_bundles[*slot]->digest : 0;
    }
    if (kind == "reporter") {
      const auto* reporter = store_.reporters().Find(resource.id());
      return reporter == nullptr ? 0 : reporter->digest;
    }
    if (kind == "scope") {
      const auto* scope = store_.scope_messages().Find(resource.id());
      return scope == nullptr ? 0 : scope->digest;
    }
    if (kind == "ticket_keys") {
      const auto slot = store_.ticket_keys().Find(resource.id());
      return slot ? snapshot.ticket_keys[*slot]->digest : 0;
    }
    if (kind == "server" || kind == "health") {
      const size_t slash = resource.id().find('/');
      const auto backend = store_.backends().Find(resource.id().substr(0, slash));
      if (slash == std::string::npos || !backend) return 0;
      const auto server = store_.servers(*backend).Find(resource.id().substr(slash + 1));
      if (!server) return 0;
      if (kind == "server") return snapshot.backends[*backend]->servers[*server]->digest;
      const Store::HealthWord* word = store_.FindHealthWord(*backend, *server);
      return word == nullptr ? 0 : word->digest;
    }
    violations_.Invalid(Path(place, "kind"),
                        base::StrCat("unknown: ", health::Quote(kind),
                                     "; known are listener, route_table, backend, server, "
                                     "certificate, trust_bundle, ticket_keys, health, reporter, scope"));
    return std::nullopt;
  }

  const Store& store_;
  const Staged& staged_;
  const WeightsAfter after_;
  Violations& violations_;
};

}  // namespace

void CheckPreconditions(const v1::Transaction& transaction, const Store& store, const Staged& staged,
                        const health::HealthTable& health, Violations& violations) {
  if (transaction.preconditions().empty()) return;
  const Path root;
  if (transaction.preconditions_size() > kMaxPreconditions) {
    return violations.Invalid(Path(root, "preconditions"), base::StrCat("more than ", kMaxPreconditions));
  }
  Checker checker(store, staged, health, violations);
  for (int i = 0; i < transaction.preconditions_size(); ++i) {
    checker.Check(transaction.preconditions(i), Path(root, "preconditions", i));
  }
}

}  // namespace fairlead::control
