#include "dataplane/control/server_compiler.h"

#include <memory>
#include <string>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/value_checks.h"

namespace fairlead::control {
namespace {

constexpr uint32_t kMaxWeight = 65'535;
constexpr uint32_t kMaxLimit = 1'000'000'000;
constexpr size_t kMaxLabels = 64;
constexpr size_t kMaxLabelBytes = 256;

config::AdminState ToAdminState(v1::Server::AdminState state) {
  switch (state) {
    case v1::Server::DRAIN:
      return config::AdminState::kDrain;
    case v1::Server::MAINT:
      return config::AdminState::kMaint;
    default:  // others were refused
      return config::AdminState::kReady;
  }
}

void CheckLabels(const v1::Server& message, const Path& place, Violations& violations) {
  const Path labels_place(place, "labels");
  if (message.labels_size() > static_cast<int>(kMaxLabels)) {
    violations.Invalid(labels_place, base::StrCat("more than ", kMaxLabels, " labels: ", message.labels_size()));
  }
  for (const auto& [key, value] : message.labels()) {
    const Path label_place(place, "labels", key);
    if (key.size() > kMaxLabelBytes) {
      violations.Invalid(label_place, base::StrCat("a key longer than ", kMaxLabelBytes, " bytes: ", key.size()));
    }
    CheckLength(value, kMaxLabelBytes, label_place, violations);
  }
}

// 0 is no limit.
uint32_t ToLimit(uint32_t value, const Path& place, Violations& violations) {
  return value == 0 ? config::kNoLimit : CheckRange(value, 0, kMaxLimit, place, violations);
}

base::CountedPtr<const config::ServerExtras> CompileExtras(const v1::Server& message, const Path& place,
                                                           Violations& violations) {
  CheckLabels(message, place, violations);
  if (message.max_connections() == 0 && message.max_requests() == 0 && message.labels().empty()) return nullptr;
  auto extras = base::MakeCounted<config::ServerExtras>();
  extras->max_connections = ToLimit(message.max_connections(), Path(place, "max_connections"), violations);
  extras->max_requests = ToLimit(message.max_requests(), Path(place, "max_requests"), violations);
  extras->labels.insert(message.labels().begin(), message.labels().end());
  return extras;
}

base::CountedPtr<config::Server> CompileServer(const v1::Server& message, const Path& place, Violations& violations) {
  auto server = base::MakeCounted<config::Server>();
  server->id = message.id();
  const Path address_place(place, "address");
  if (std::optional<net::Address> address = CheckAddress(message.address(), address_place, violations)) {
    if (address->family() != AF_UNIX && address->port() == 0)
      violations.Invalid(address_place, "port 0: nothing can be reached there");
    server->address = *std::move(address);
  }
  if (message.has_weight()) {
    server->has_weight = true;
    server->weight =
        static_cast<uint16_t>(CheckRange(message.weight(), 0, kMaxWeight, Path(place, "weight"), violations));
  }
  server->admin_state = ToAdminState(message.admin_state());
  server->extras = CompileExtras(message, place, violations);
  return server;
}

// Whether config::Server says all that the message says: ToProto gives it back.
bool TellsAll(const config::Server& server, const v1::Server& message) {
  return message.GetReflection()->GetUnknownFields(message).empty() && server.address.ToString() == message.address();
}

PlannedSlots& PlannedServers(Compilation& compilation, config::BackendSlot backend) {
  return compilation.staged.servers.try_emplace(backend, compilation.store.servers(backend)).first->second;
}

void Put(Compilation& compilation, const ServerKey& key, const v1::Server& message, const Path& place) {
  Staged& staged = compilation.staged;
  Violations& violations = compilation.violations;
  const std::optional<config::BackendSlot> backend = staged.backends.Find(key.backend);
  const std::optional<config::ServerSlot> now =
      backend ? compilation.store.servers(*backend).Find(key.server) : std::nullopt;
  const config::Server* before = now ? staged.snapshot.backends[*backend]->servers[*now].get() : nullptr;
  const absl::uint128 digest = compilation.DigestOf(api::ResourceKind::kServer, message, key.backend);
  if (before != nullptr && before->digest == digest) return;

  compilation.rules.Check(message, place, violations);
  base::CountedPtr<config::Server> server = CompileServer(message, place, violations);
  if (!backend) {
    // In a snapshot, its backend was refused, which is said already.
    if (!compilation.requests.from_snapshot) {
      violations.Add(v1::Violation::NOT_FOUND, place, NotThere("backend", key.backend));
    }
    return;
  }
  server->digest = config::Digest(digest);
  if (before == nullptr) {
    server->counters = base::MakeCounted<metrics::ServerCounters>();
    compilation.CountAdded(digest);
  } else {
    server->counters = before->counters;
    server->health = before->health;
    compilation.CountChanged(before->digest, digest);
  }
  const config::ServerSlot slot = now ? *now : PlannedServers(compilation, *backend).Add(key.server);
  const bool tells_all = TellsAll(*server, message);
  compilation.backend_editor.SetServer(*backend, slot, std::move(server));
  staged.server_updates.push_back({*backend, slot, tells_all ? nullptr : std::make_shared<const v1::Server>(message)});
  staged.changes.list.servers.push_back({*backend, slot});
}

void Remove(Compilation& compilation, const ServerKey& key, const Path& place) {
  Staged& staged = compilation.staged;
  const std::optional<config::BackendSlot> backend = compilation.store.backends().Find(key.backend);
  const std::optional<config::ServerSlot> slot =
      backend ? compilation.store.servers(*backend).Find(key.server) : std::nullopt;
  if (!slot) return compilation.violations.Add(v1::Violation::NOT_FOUND, place, "no such server");
  // It goes with its backend.
  if (!staged.backends.Find(key.backend)) return;

  compilation.CountRemoved(staged.snapshot.backends[*backend]->servers[*slot]->digest);
  PlannedServers(compilation, *backend).Remove(key.server);
  compilation.backend_editor.SetServer(*backend, *slot, nullptr);
  staged.server_updates.push_back({*backend, *slot, nullptr});
  staged.changes.list.servers.push_back({*backend, *slot});
  if (const Store::HealthWord* word = compilation.store.FindHealthWord(*backend, *slot)) {
    compilation.CountRemoved(word->digest);
    staged.health_updates.push_back({*backend, *slot, nullptr});
    staged.changes.health_words.push_back({std::string(key.backend), std::string(key.server), true});
  }
}

}  // namespace

void CompileServers(Compilation& compilation) {
  const Path root;
  for (const auto& [key, message] : compilation.requests.servers.list()) {
    const Path backend_place(root, "backends", key.backend);
    const Path place(backend_place, "servers", key.server);
    if (message != nullptr) {
      Put(compilation, key, *message, place);
    } else {
      Remove(compilation, key, place);
    }
  }
}

}  // namespace fairlead::control
