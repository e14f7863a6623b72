#include "dataplane/load_balancing/hash_table.h"

#include <algorithm>
#include <utility>

#include "absl/numeric/bits.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {
namespace {

using Kind = config::HashTableSettings::Kind;

constexpr uint64_t kOne = uint64_t{1} << 32;  // as a ratio

// Measured by hash_table_benchmark.
constexpr uint64_t kNsPerServer = 50;
constexpr uint64_t kNsPerPoint = 15;
constexpr uint64_t kNsPerEntryLooked = 3;

}  // namespace

HashTable::Server HashTable::ServerOf(const config::Server* server) {
  if (server == nullptr || server->weight == 0) return {};
  return {ServerIdentity(server->id), server->weight};
}

std::shared_ptr<const HashTable> HashTable::Build(const config::HashTableSettings& settings, const HashTable* before,
                                                  const std::vector<Change>& changes) {
  std::shared_ptr<HashTable> table(new HashTable());
  table->settings_ = settings;
  table->TakeServers(before, changes);
  if (settings.kind == Kind::kRing) {
    table->MakeRing(before, changes);
  } else {
    table->MakeMaglev();
  }
  return table;
}

uint64_t HashTable::CostOf(const config::HashTableSettings& settings, size_t servers, uint64_t total_weight) {
  const uint64_t for_servers = servers * kNsPerServer;
  if (settings.kind == Kind::kRing) {
    return for_servers + std::min(total_weight * settings.ring_points, kMostPoints) * kNsPerPoint;
  }
  // The last free entries are found by looking at many that are taken: size * ln(size) in all.
  const uint64_t size = settings.table_size != 0 ? settings.table_size : DefaultTableSize(servers);
  return for_servers + size * static_cast<uint64_t>(absl::bit_width(size)) * 7 / 10 * kNsPerEntryLooked;
}

uint32_t HashTable::DefaultTableSize(size_t servers) {
  for (const uint32_t size : {65'537u, 1'000'003u}) {
    if (servers * 10 <= size) return size;
  }
  return kMostEntries;
}

void HashTable::TakeServers(const HashTable* before, const std::vector<Change>& changes) {
  if (before != nullptr) {
    identities_ = before->identities_;
    weights_ = before->weights_;
    servers_ = before->servers_;
    total_weight_ = before->total_weight_;
  }
  for (const Change& change : changes) {
    if (change.slot >= TableEntry::kSlots) continue;
    if (change.slot >= identities_.size()) {
      identities_.resize(change.slot + size_t{1});
      weights_.resize(change.slot + size_t{1});
    }
    uint16_t& weight = weights_[change.slot];
    servers_ -= weight != 0;
    total_weight_ -= weight;
    identities_[change.slot] = change.server.identity;
    weight = static_cast<uint16_t>(change.server.weight);
    servers_ += weight != 0;
    total_weight_ += weight;
  }
  points_ratio_ = PointsRatio();
}

uint64_t HashTable::PointsRatio() const {
  const uint64_t wanted = total_weight_ * settings_.ring_points;
  return wanted <= kMostPoints ? kOne : kMostPoints * kOne / wanted;
}

uint32_t HashTable::PointsOf(config::ServerSlot slot) const {
  if (slot >= weights_.size() || weights_[slot] == 0) return 0;
  const uint64_t wanted = uint64_t{weights_[slot]} * settings_.ring_points;
  if (points_ratio_ == kOne) return static_cast<uint32_t>(wanted);
  // Rounded up or down by the server's own threshold: as the ratio sinks servers lose a point one after another, not
  // all at once.
  constexpr int kThresholdBits = 16;
  const uint64_t threshold = identities_[slot] & ((1 << kThresholdBits) - 1);
  const uint64_t points = ((wanted * points_ratio_ >> kThresholdBits) + threshold) >> kThresholdBits;
  return std::max<uint32_t>(static_cast<uint32_t>(points), 1);
}

void HashTable::MakeRing(const HashTable* before, const std::vector<Change>& changes) {
  const auto add = [](const HashTable& table, config::ServerSlot slot, uint32_t begin, uint32_t end,
                      std::vector<HashRing::Point>& points) {
    if (begin >= end) return;
    const uint64_t identity = table.identities_[slot];
    const TableEntry entry(slot, identity);
    for (uint32_t i = begin; i < end; ++i) points.push_back({HashRing::PositionOf(identity, i), entry});
  };
  const auto identity_of = [this](TableEntry entry) { return identities_[entry.slot()]; };
  const auto slots = static_cast<config::ServerSlot>(weights_.size());
  if (before == nullptr || before->settings_ != settings_) {
    std::vector<HashRing::Point> points;
    points.reserve(std::min(total_weight_ * settings_.ring_points, kMostPoints + servers_));
    for (config::ServerSlot slot = 0; slot < slots; ++slot) add(*this, slot, 0, PointsOf(slot), points);
    ring_ = HashRing(std::move(points), identity_of);
    return;
  }

  std::vector<HashRing::Point> removed;
  std::vector<HashRing::Point> added;
  const auto compare = [&](config::ServerSlot slot) {
    const uint32_t points_before = before->PointsOf(slot);
    const uint32_t points = PointsOf(slot);
    const bool same = points_before > 0 && points > 0 && before->identities_[slot] == identities_[slot];
    // Of a server with more or fewer than before these are the last.
    if (!same || points < points_before) add(*before, slot, same ? points : 0, points_before, removed);
    if (!same || points > points_before) add(*this, slot, same ? points_before : 0, points, added);
  };
  if (before->points_ratio_ == points_ratio_) {
    std::vector<config::ServerSlot> changed;
    changed.reserve(changes.size());
    for (const Change& change : changes) {
      if (change.slot < slots) changed.push_back(change.slot);
    }
    std::sort(changed.begin(), changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    for (const config::ServerSlot slot : changed) compare(slot);
  } else {
    for (config::ServerSlot slot = 0; slot < slots; ++slot) compare(slot);
  }
  ring_ = HashRing(before->ring_, std::move(removed), std::move(added), identity_of);
}

void HashTable::MakeMaglev() {
  std::vector<MaglevTable::Member> members;
  members.reserve(servers_);
  for (config::ServerSlot slot = 0; slot < weights_.size(); ++slot) {
    if (weights_[slot] == 0) continue;
    members.push_back({identities_[slot], weights_[slot], TableEntry(slot, identities_[slot])});
  }
  maglev_ =
      MaglevTable(settings_.table_size != 0 ? settings_.table_size : DefaultTableSize(servers_), std::move(members));
}

}  // namespace fairlead::load_balancing
