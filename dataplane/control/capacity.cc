#include "dataplane/control/capacity.h"

#include <algorithm>
#include <optional>

#include "absl/container/btree_set.h"
#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/control/slot_access.h"

namespace fairlead::control {

Weights WeightsOf(const config::Backend* backend) {
  Weights weights;
  if (backend == nullptr) return weights;
  backend->servers.ForEach([&](size_t slot, const config::ServerPtr& server) {
    if (server == nullptr) return;
    weights.emplace_back(slot, server->EffectiveWeight(backend->settings->unknown_is_eligible));
  });
  return weights;
}

WeightsAfter::WeightsAfter(const Staged* staged, const health::HealthTable& table) : staged_(staged) {
  for (const Staged::HealthUpdate& update : staged->health_updates) {
    const config::Backend* backend = staged->snapshot.backends[update.backend].get();
    const config::Server* server = backend == nullptr ? nullptr : backend->servers[update.server].get();
    if (server == nullptr) continue;  // its word goes with it
    health_[{update.backend, update.server}] = update.message == nullptr
                                                   ? table.HealthByReports(backend->settings->id, server->id)
                                                   : FromProto(update.message->status());
  }
}

Weights WeightsAfter::Of(config::BackendSlot slot) const {
  const config::Backend* backend = At(staged_->snapshot.backends, slot);
  Weights weights = WeightsOf(backend);
  if (health_.empty()) return weights;
  for (auto& [server_slot, weight] : weights) {
    const auto word = health_.find({slot, server_slot});
    if (word == health_.end()) continue;
    config::Server server = *backend->servers[server_slot];
    server.health = word->second;
    weight = server.EffectiveWeight(backend->settings->unknown_is_eligible);
  }
  return weights;
}

Capacity CapacityOf(const Weights& weights) {
  Capacity capacity;
  for (const auto& [slot, weight] : weights) {
    ++capacity.servers;
    if (weight > 0) ++capacity.eligible;
    capacity.weight += weight;
  }
  return capacity;
}

double MovedShare(const Weights& before, const Weights& after) {
  const auto sum_before = static_cast<double>(CapacityOf(before).weight);
  const auto sum_after = static_cast<double>(CapacityOf(after).weight);
  if (sum_before == 0 || sum_after == 0) return 0;
  // What one server loses, others gain.
  double lost = 0;
  auto place = after.begin();
  for (const auto& [slot, weight] : before) {
    place = std::find_if(place, after.end(), [slot = slot](const auto& server) { return server.first >= slot; });
    const bool stays = place != after.end() && place->first == slot;
    lost += std::max(0.0, weight / sum_before - (stays ? place->second / sum_after : 0));
  }
  return lost;
}

std::vector<config::BackendSlot> TouchedBackends(const Staged& staged) {
  absl::btree_set<config::BackendSlot> touched(staged.changes.list.backends.begin(),
                                               staged.changes.list.backends.end());
  for (const config::ChangeList::ServerChange& change : staged.changes.list.servers) touched.insert(change.backend);
  for (const Staged::HealthUpdate& update : staged.health_updates) touched.insert(update.backend);
  return {touched.begin(), touched.end()};
}

}  // namespace fairlead::control
