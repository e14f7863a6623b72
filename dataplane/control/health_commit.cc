#include "dataplane/control/health_commit.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "dataplane/control/backend_editor.h"
#include "dataplane/control/conversion_to_proto.h"

namespace fairlead::control {

void CommitToHealthTable(const Store& store, const Staged& staged, health::HealthTable& table) {
  for (std::string_view id : staged.backends.removed()) {
    const config::Backend& backend = *store.snapshot()->backends[*store.backends().Find(id)];
    backend.servers.ForEach([&](size_t, const config::ServerPtr& server) {
      if (server != nullptr) table.RemoveServer(id, server->id);
    });
  }
  for (const auto& [slot, servers] : staged.servers) {
    const std::string& backend = staged.snapshot.backends[slot]->settings->id;
    for (std::string_view id : servers.removed()) table.RemoveServer(backend, id);
    for (std::string_view id : servers.added()) table.AddServer(backend, id);
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
    const config::Health health = table.Find(backend->settings->id, before->id)->health;
    if (health == before->health) continue;
    auto server = base::MakeCounted<config::Server>(*before);
    server->health = health;
    editor.SetServer(place.backend, place.server, std::move(server));
    if (named.insert({place.backend, place.server}).second) changes.servers.push_back(place);
  }
  editor.Finish();
}

}  // namespace fairlead::control
