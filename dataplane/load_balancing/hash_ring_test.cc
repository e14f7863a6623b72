#include "dataplane/load_balancing/hash_ring.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {
namespace {

using Point = HashRing::Point;

uint64_t IdentityOf(TableEntry entry) { return entry.slot(); }
bool Any(TableEntry) { return true; }
uint64_t At(uint32_t position) { return uint64_t{position} << 32 | 0xffffffff; }

Point PointOf(uint32_t position, config::ServerSlot slot) { return {position, TableEntry(slot, slot)}; }

std::vector<Point> RandomPoints(std::mt19937& random, size_t count, uint32_t below) {
  std::vector<Point> points;
  for (size_t i = 0; i < count; ++i) points.push_back(PointOf(random() % below, static_cast<uint32_t>(i)));
  return points;
}

TEST(HashRing, GivesAKeyToThePointBehindIt) {
  const HashRing ring({PointOf(100, 1), PointOf(50, 0), PointOf(UINT32_MAX - 5, 2)}, IdentityOf);
  const auto find = [&](uint32_t position) { return ring.Find(At(position), 9, Any)->slot(); };
  EXPECT_EQ(find(0), 0u);
  EXPECT_EQ(find(50), 0u);
  EXPECT_EQ(find(51), 1u);
  EXPECT_EQ(find(101), 2u);
  EXPECT_EQ(find(UINT32_MAX - 5), 2u);
  EXPECT_EQ(find(UINT32_MAX - 4), 0u) << "it is a ring";
}

TEST(HashRing, WalksOnPastThoseThatMayNotTakeIt) {
  const HashRing ring({PointOf(10, 0), PointOf(20, 1), PointOf(30, 2), PointOf(40, 1)}, IdentityOf);
  const auto without = [](config::ServerSlot slot) {
    return [slot](TableEntry entry) { return entry.slot() != slot; };
  };
  EXPECT_EQ(ring.Find(At(15), 9, without(1))->slot(), 2u);
  EXPECT_EQ(ring.Find(At(35), 9, without(1))->slot(), 0u);
  EXPECT_EQ(ring.Find(At(15), 1, without(1)), std::nullopt) << "one step is not enough";
  EXPECT_EQ(ring.Find(At(15), 99, [](TableEntry) { return false; }), std::nullopt);
}

TEST(HashRing, AnEmptyOneHasNothing) {
  EXPECT_EQ(HashRing().Find(1, 9, Any), std::nullopt);
  EXPECT_EQ(HashRing({}, IdentityOf).Find(1, 9, Any), std::nullopt);
  EXPECT_EQ(HashRing(HashRing({PointOf(1, 0)}, IdentityOf), {PointOf(1, 0)}, {}, IdentityOf).size(), 0u);
}

TEST(HashRing, AtOnePositionTheLowestIdentityComesFirst) {
  const HashRing ring({PointOf(10, 3), PointOf(10, 1), PointOf(10, 2), PointOf(5, 9)}, IdentityOf);
  EXPECT_EQ(ring.points(), (std::vector{PointOf(5, 9), PointOf(10, 1), PointOf(10, 2), PointOf(10, 3)}));
}

TEST(HashRing, FindsWhatALookAtAllPointsFinds) {
  std::mt19937 random(1);
  for (const size_t size : {1, 2, 7, 8, 9, 100, 5'000}) {
    const HashRing ring(RandomPoints(random, size, UINT32_MAX), IdentityOf);
    for (int i = 0; i < 1'000; ++i) {
      const uint32_t position = i == 0 ? 0 : i == 1 ? UINT32_MAX : static_cast<uint32_t>(random());
      const Point* best = &ring.points().front();
      for (const Point& point : ring.points()) {
        if (point.position < position) continue;
        best = &point;
        break;
      }
      ASSERT_EQ(ring.Find(At(position), 1, Any), best->server) << size << " points, at " << position;
    }
  }
}

TEST(HashRing, AChangedOneIsTheSameAsOneMadeOfItsPoints) {
  std::mt19937 random(2);
  // Of few positions there are many points at one.
  for (const uint32_t positions : {50u, 5'000u, UINT32_MAX}) {
    for (int round = 0; round < 30; ++round) {
      std::vector<Point> points = RandomPoints(random, random() % 4'000, positions);
      const HashRing before(points, IdentityOf);
      std::vector<Point> removed;
      for (size_t i = random() % 50; i > 0 && !points.empty(); --i) {
        const size_t place = random() % points.size();
        removed.push_back(points[place]);
        points.erase(points.begin() + static_cast<ptrdiff_t>(place));
      }
      std::vector<Point> added;
      for (uint32_t i = random() % 50; i > 0; --i) added.push_back(PointOf(random() % positions, 10'000 + i));
      points.insert(points.end(), added.begin(), added.end());
      const HashRing changed(before, removed, added, IdentityOf);
      ASSERT_EQ(changed.points(), HashRing(points, IdentityOf).points());
      for (int i = 0; i < 20 && !points.empty(); ++i) {
        const uint64_t key = At(static_cast<uint32_t>(random()));
        ASSERT_EQ(changed.Find(key, 1, Any), HashRing(points, IdentityOf).Find(key, 1, Any));
      }
    }
  }
}

}  // namespace
}  // namespace fairlead::load_balancing
