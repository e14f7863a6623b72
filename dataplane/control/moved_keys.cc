#include "dataplane/control/moved_keys.h"

#include "dataplane/load_balancing/hash_policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::control {
namespace {

using load_balancing::HashPolicy;
using load_balancing::HashTable;
using load_balancing::Policy;
using load_balancing::TableEntry;

// As workers choose.
class Chooser {
 public:
  Chooser(std::shared_ptr<const HashTable> table, const Weights& weights) : table_(std::move(table)) {
    policy_.SetTable(table_.get());
    for (const auto& [slot, weight] : weights) {
      policy_.SetWeight(slot, weight, nullptr);
      if (weight > 0) policy_.SetTag(slot, TableEntry::TagOf(table_->At(slot).identity));
    }
  }

  // The identity of the server that takes the key; none: there is no server to take any.
  std::optional<uint64_t> Choose(uint64_t hash) const {
    const std::optional<config::ServerSlot> slot = policy_.PickFor(hash, Policy::kNone, Policy::kNone);
    if (!slot) return std::nullopt;
    return table_->At(*slot).identity;
  }

 private:
  const std::shared_ptr<const HashTable> table_;
  load_balancing::Random random_{0};
  HashPolicy policy_{&random_};
};

}  // namespace

std::shared_ptr<const HashTable> MovedKeys::TableOf(const config::Backend& backend) {
  const config::HashTableSettings& settings = backend.settings->hash_table;
  const HashTable* const last = backend.hash_table.get();
  std::vector<HashTable::Change> changes;
  size_t servers = 0;
  uint64_t total_weight = 0;
  backend.servers.ForEach([&](config::ServerSlot slot, const config::ServerPtr& server) {
    const HashTable::Server now = HashTable::ServerOf(server.get());
    servers += now.weight > 0;
    total_weight += now.weight;
    if ((last == nullptr ? HashTable::Server() : last->At(slot)) != now) changes.push_back({slot, now});
  });
  if (last != nullptr && last->settings() == settings && changes.empty()) return backend.hash_table;
  const uint64_t cost_ns = HashTable::CostOf(settings, servers, total_weight);
  if (cost_ns > budget_ns_) return nullptr;
  budget_ns_ -= cost_ns;
  return HashTable::Build(settings, last, changes);
}

std::optional<double> MovedKeys::ShareOf(const config::Backend& before, const Weights& weights_before,
                                         const config::Backend& after, const Weights& weights_after) {
  for (const config::Backend* backend : {&before, &after}) {
    if (backend->settings->policy != config::LoadBalancingPolicy::kHash) return std::nullopt;
  }
  std::shared_ptr<const HashTable> table_before = TableOf(before);
  if (table_before == nullptr) return std::nullopt;
  std::shared_ptr<const HashTable> table_after = TableOf(after);
  if (table_after == nullptr) return std::nullopt;
  const Chooser chooser_before(std::move(table_before), weights_before);
  const Chooser chooser_after(std::move(table_after), weights_after);
  uint64_t moved = 0;
  for (uint64_t key = 0; key < kKeys; ++key) {
    const uint64_t hash = load_balancing::Derive(0, key + 1);
    const std::optional<uint64_t> was = chooser_before.Choose(hash);
    const std::optional<uint64_t> is = chooser_after.Choose(hash);
    if (!was || !is) return 0;
    moved += *was != *is;
  }
  return static_cast<double>(moved) / static_cast<double>(kKeys);
}

}  // namespace fairlead::control
