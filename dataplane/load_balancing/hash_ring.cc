#include "dataplane/load_balancing/hash_ring.h"

#include <array>
#include <bit>
#include <utility>

#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {
namespace {

using Point = HashRing::Point;

// Points to a bucket, about: what one cache line holds.
constexpr size_t kPointsPerBucket = 8;
// Fewer than these are sorted by comparing.
constexpr size_t kFew = 1'000;

bool IsBefore(const Point& a, const Point& b) { return a.position < b.position; }

// By position: three passes over its digits of 11 bits, the lowest first.
void Sort(std::vector<Point>& points) {
  if (points.size() < kFew) return std::sort(points.begin(), points.end(), IsBefore);
  constexpr int kDigitBits = 11;
  constexpr int kDigits = 3;
  constexpr uint32_t kMask = (1 << kDigitBits) - 1;
  const auto digit = [](const Point& point, int i) { return point.position >> (i * kDigitBits) & kMask; };

  std::array<std::array<uint32_t, kMask + 1>, kDigits> places{};
  for (const Point& point : points) {
    for (int i = 0; i < kDigits; ++i) ++places[i][digit(point, i)];
  }
  for (std::array<uint32_t, kMask + 1>& counts : places) {
    uint32_t place = 0;
    for (uint32_t& count : counts) place += std::exchange(count, place);
  }
  std::vector<Point> other(points.size());
  for (int i = 0; i < kDigits; ++i) {
    for (const Point& point : points) other[places[i][digit(point, i)]++] = point;
    points.swap(other);
  }
}

// Whether `removed`, which is sorted, names the point; `place` follows the points that are asked for in their order.
bool Names(const std::vector<Point>& removed, size_t& place, const Point& point) {
  while (place < removed.size() && removed[place].position < point.position) ++place;
  for (size_t i = place; i < removed.size() && removed[i].position == point.position; ++i) {
    if (removed[i].server == point.server) return true;
  }
  return false;
}

}  // namespace

uint32_t HashRing::PositionOf(uint64_t identity, uint32_t index) {
  return static_cast<uint32_t>(Derive(identity, uint64_t{index} + 1) >> 32);
}

HashRing::HashRing(std::vector<Point> points, const IdentityOf& identity_of) : points_(std::move(points)) {
  Sort(points_);
  SettleTies(identity_of);
  MakeBuckets();
}

HashRing::HashRing(const HashRing& before, std::vector<Point> removed, std::vector<Point> added,
                   const IdentityOf& identity_of) {
  Sort(removed);
  Sort(added);
  points_.reserve(before.size() + added.size() - removed.size());
  size_t next_removed = 0;
  auto next_added = added.begin();
  for (const Point& point : before.points_) {
    if (Names(removed, next_removed, point)) continue;
    while (next_added != added.end() && IsBefore(*next_added, point)) points_.push_back(*next_added++);
    points_.push_back(point);
  }
  points_.insert(points_.end(), next_added, added.end());
  SettleTies(identity_of);
  MakeBuckets();
}

void HashRing::SettleTies(const IdentityOf& identity_of) {
  for (size_t i = 1; i < points_.size(); ++i) {
    if (points_[i].position != points_[i - 1].position) continue;
    size_t end = i + 1;
    while (end < points_.size() && points_[end].position == points_[i].position) ++end;
    std::sort(points_.begin() + static_cast<ptrdiff_t>(i) - 1, points_.begin() + static_cast<ptrdiff_t>(end),
              [&](const Point& a, const Point& b) { return identity_of(a.server) < identity_of(b.server); });
    i = end - 1;
  }
}

void HashRing::MakeBuckets() {
  const int bits = std::bit_width(points_.size() / kPointsPerBucket);
  shift_ = 32 - bits;
  buckets_.resize(size_t{1} << bits);
  size_t place = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    while (place < points_.size() && uint64_t{points_[place].position} >> shift_ < bucket) ++place;
    buckets_[bucket] = static_cast<uint32_t>(place);
  }
}

}  // namespace fairlead::load_balancing
