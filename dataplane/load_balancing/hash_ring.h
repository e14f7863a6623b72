#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "dataplane/load_balancing/table_entry.h"

namespace fairlead::load_balancing {

// Consistent hashing (Karger et al. 1997): servers have points on a ring of 2^32 positions, and a key goes to the first
// point at its own position or after it. A server that comes takes keys from others, one that goes leaves its keys to
// the points behind its own, and no other key moves. 8.5 bytes a point. Immutable.
class HashRing {
 public:
  struct Point {
    uint32_t position;
    TableEntry server;

    bool operator==(const Point&) const = default;
  };
  // Who of two servers comes first at one position: by their identities, since slots are not the same in all proxies.
  using IdentityOf = std::function<uint64_t(TableEntry)>;

  HashRing() = default;
  // Of points in any order.
  HashRing(std::vector<Point> points, const IdentityOf& identity_of);
  // The ring `before` without the points `removed`, which it has, and with those `added`, which it has not. One pass
  // over all points.
  HashRing(const HashRing& before, std::vector<Point> removed, std::vector<Point> added, const IdentityOf& identity_of);

  // Where the `index`-th point of a server is.
  static uint32_t PositionOf(uint64_t identity, uint32_t index);

  size_t size() const { return points_.size(); }
  const std::vector<Point>& points() const { return points_; }

  // The first server on the way from `hash` on of which `may_take(TableEntry)` is true, within `most_steps` points; on
  // average two reads that miss the cache, and then points in their order.
  template <typename MayTake>
  std::optional<TableEntry> Find(uint64_t hash, size_t most_steps, MayTake may_take) const {
    if (points_.empty()) return std::nullopt;
    size_t place = Locate(static_cast<uint32_t>(hash >> 32));
    for (size_t steps = std::min(most_steps, points_.size()); steps > 0; --steps) {
      if (may_take(points_[place].server)) return points_[place].server;
      if (++place == points_.size()) place = 0;
    }
    return std::nullopt;
  }

 private:
  // The first point at `position` or after it.
  size_t Locate(uint32_t position) const {
    size_t place = buckets_[uint64_t{position} >> shift_];
    while (place < points_.size() && points_[place].position < position) ++place;
    return place == points_.size() ? 0 : place;
  }
  void SettleTies(const IdentityOf& identity_of);
  void MakeBuckets();

  std::vector<Point> points_;  // by position, at the same one by identity
  // Of each range of 2^shift_ positions the first point in it or after it.
  std::vector<uint32_t> buckets_;
  int shift_ = 32;
};

}  // namespace fairlead::load_balancing
