#include "dataplane/control/health_commit.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "dataplane/control/backend_editor.h"
#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/control/slot_access.h"

namespace fairlead::control {

namespace {

// Whether a server could be picked, but for its health.
bool IsInService(const config::Server& server) {
  return server.admin_state == config::AdminState::kReady && server.weight > 0;
}

// Returns the backends that there were before, whose rules are others now.
std::vector<config::BackendSlot> CommitRules(const Store& store, const Staged& staged, health::HealthTable& table) {
  std::vector<config::BackendSlot> changed;
  const auto same = [](const config::HealthRulesPtr& a, const config::HealthRulesPtr& b) {
    return a == nullptr || b == nullptr ? a == b : *a == *b;
  };
  for (const Staged::BackendUpdate& update : staged.backend_updates) {
    if (update.message == nullptr) continue;
    const config::BackendSettings& is = *staged.snapshot.backends[update.slot]->settings;
    const config::Backend* const was = At(store.snapshot()->backends, update.slot);
    if (was == nullptr || was->settings->id != is.id) {
      table.SetRules(is.id, is.health_rules);
    } else if (!same(was->settings->health_rules, is.health_rules)) {
      table.SetRules(is.id, is.health_rules);
      changed.push_back(update.slot);
    }
  }
  return changed;
}

}  // namespace

void CommitToHealthTable(const Store& store, const Staged& staged, health::HealthTable& table) {
  for (std::string_view id : staged.backends.removed()) {
    const config::Backend& backend = *store.snapshot()->backends[*store.backends().Find(id)];
    backend.servers.ForEach([&](size_t, const config::ServerPtr& server) {
      if (server != nullptr) table.RemoveServer(id, server->id);
    });
    table.SetRules(id, nullptr);
  }
  const std::vector<config::BackendSlot> reconsidered = CommitRules(store, staged, table);
  for (const auto& [slot, servers] : staged.servers) {
    const std::string& backend = staged.snapshot.backends[slot]->settings->id;
    for (std::string_view id : servers.removed()) table.RemoveServer(backend, id);
    for (std::string_view id : servers.added()) table.AddServer(backend, id);
  }
  for (const config::ChangeList::ServerChange& place : staged.changes.list.servers) {
    const config::Backend* const backend = At(staged.snapshot.backends, place.backend);
    const config::Server* const server = backend == nullptr ? nullptr : At(backend->servers, place.server);
    if (server != nullptr) table.SetInService(backend->settings->id, server->id, IsInService(*server));
  }
  std::vector<std::string> removed_reporters;
  for (const auto& update : staged.reporter_updates) {
    if (update.resource.message == nullptr) removed_reporters.push_back(update.id);
  }
  table.ChangeReporters(removed_reporters, staged.reporters);
  for (const Staged::HealthUpdate& update : staged.health_updates) {
    const config::Backend& backend = *staged.snapshot.backends[update.backend];
    const config::Server* server = backend.servers[update.server].get();
    if (server == nullptr) continue;  // its word went with it
    if (update.message == nullptr) {
      table.SetControllerWord(backend.settings->id, server->id, config::Health::kUnknown, "");
    } else {
      table.SetControllerWord(backend.settings->id, server->id, FromProto(update.message->status()),
                              update.message->reason());
    }
  }
  for (config::BackendSlot slot : reconsidered) {
    const config::Backend& backend = *staged.snapshot.backends[slot];
    backend.servers.ForEach([&](size_t, const config::ServerPtr& server) {
      if (server != nullptr) table.Reconsider(backend.settings->id, server->id);
    });
  }
}

void TakeDecidedHealth(const health::HealthTable& table, const std::vector<config::ChangeList::ServerChange>& places,
                       config::Snapshot& snapshot, config::ChangeList& changes) {
  if (places.empty()) return;
  absl::flat_hash_set<std::pair<config::BackendSlot, config::ServerSlot>> named;
  for (const config::ChangeList::ServerChange& change : changes.servers) named.insert({change.backend, change.server});

  BackendEditor editor(&snapshot);
  for (const config::ChangeList::ServerChange& place : places) {
    const config::Backend* backend = snapshot.backends[place.backend].get();
    const config::Server* before = backend == nullptr ? nullptr : backend->servers[place.server].get();
    if (before == nullptr) continue;
    const config::Health health = table.HealthOf(backend->settings->id, before->id);
    if (health == before->health) continue;
    auto server = base::MakeCounted<config::Server>(*before);
    server->health = health;
    editor.SetServer(place.backend, place.server, std::move(server));
    if (named.insert({place.backend, place.server}).second) changes.servers.push_back(place);
  }
  editor.Finish();
}

}  // namespace fairlead::control
