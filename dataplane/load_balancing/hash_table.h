#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/config/hashing.h"
#include "dataplane/config/server.h"
#include "dataplane/config/slots.h"
#include "dataplane/load_balancing/hash_ring.h"
#include "dataplane/load_balancing/maglev_table.h"
#include "dataplane/load_balancing/table_entry.h"

namespace fairlead::load_balancing {

// Which server a key belongs to: a ring or Maglev's table, of a backend's servers that have a weight, eligible or not.
// What is asked for a key is asked again for its next choice where a server may not take it, so that health, limits and
// operators' words need no other table.
//
// What it says depends on its settings and on the servers' ids and weights alone: not on their slots, nor on how it
// came about. Immutable: made on any thread, shared by all workers, held by the snapshots that have it.
class HashTable {
 public:
  // A ring has no more points than these, and as many as its servers where these are more: beyond, each server gets
  // its part of them.
  static constexpr uint64_t kMostPoints = 2 * 1024 * 1024;
  static constexpr uint32_t kMostEntries = 5'000'011;
  // Choices of a key that are looked at before it goes to any server that may take it, by weight.
  static constexpr size_t kMostSteps = 1'024;

  struct Server {
    uint64_t identity = 0;
    uint32_t weight = 0;  // 0: nobody is in the slot, or nobody to be chosen

    bool operator==(const Server&) const = default;
  };
  // As the configuration has it; null: nobody.
  static Server ServerOf(const config::Server* server);
  struct Change {
    config::ServerSlot slot;
    Server server;
  };

  // The table that follows from `before` (null: an empty one) by the changes, in their order, and these settings. Costs
  // as much as CostOf says, where a ring's settings stay: one pass over it, and its changed points.
  static std::shared_ptr<const HashTable> Build(const config::HashTableSettings& settings, const HashTable* before,
                                                const std::vector<Change>& changes);

  // What a table of so many servers with this sum of weights costs to build, in nanoseconds of a core, about.
  static uint64_t CostOf(const config::HashTableSettings& settings, size_t servers, uint64_t total_weight);
  // The entries of Maglev's table for so many servers, where its settings name none: the first of 65,537, 1,000,003 and
  // 5,000,011 with ten for each, or the last. (A table of another size moves almost all keys.)
  static uint32_t DefaultTableSize(size_t servers);

  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  const config::HashTableSettings& settings() const { return settings_; }
  // That are in it, and their weights together.
  size_t servers() const { return servers_; }
  uint64_t total_weight() const { return total_weight_; }
  // In this slot.
  Server At(config::ServerSlot slot) const {
    return slot < identities_.size() ? Server{identities_[slot], weights_[slot]} : Server{};
  }

  // The first of a key's choices of which `may_take(TableEntry)` is true.
  template <typename MayTake>
  std::optional<TableEntry> Find(uint64_t hash, MayTake may_take) const {
    if (settings_.kind == config::HashTableSettings::Kind::kRing) return ring_.Find(hash, kMostSteps, may_take);
    return maglev_.Find(hash, kMostSteps, may_take);
  }

  const HashRing& ring() const { return ring_; }
  const MaglevTable& maglev() const { return maglev_; }

 private:
  HashTable() = default;

  void TakeServers(const HashTable* before, const std::vector<Change>& changes);
  void MakeRing(const HashTable* before, const std::vector<Change>& changes);
  void MakeMaglev();
  // How many points the server in this slot has.
  uint32_t PointsOf(config::ServerSlot slot) const;
  // What PointsOf multiplies by, in units of 2^-32.
  uint64_t PointsRatio() const;

  config::HashTableSettings settings_;
  // By slot.
  std::vector<uint64_t> identities_;
  std::vector<uint16_t> weights_;
  size_t servers_ = 0;
  uint64_t total_weight_ = 0;
  uint64_t points_ratio_ = 0;
  HashRing ring_;
  MaglevTable maglev_;
};

}  // namespace fairlead::load_balancing
