#include "dataplane/health/name_pool.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using NamePool = NotedNamePool<int>;

TEST(NamePool, KeepsANameOnceForAllWhoHoldIt) {
  NamePool pool;
  const NamePool::Name first = pool.Get("probe-a");
  const NamePool::Name second = pool.Get(std::string("probe-a"));
  EXPECT_EQ(first.view(), "probe-a");
  EXPECT_EQ(first.view().data(), second.view().data());
  EXPECT_EQ(pool.size(), 1);
}

TEST(NamePool, ForgetsANameWhenItsLastHolderIsGone) {
  NamePool pool;
  {
    NamePool::Name first = pool.Get("probe-a");
    NamePool::Name second = first;
    NamePool::Name third = std::move(first);
    EXPECT_EQ(first.view(), "");
    third = NamePool::Name();
    EXPECT_EQ(pool.size(), 1);
    second = pool.Get("probe-b");
    EXPECT_EQ(pool.size(), 1);
    EXPECT_EQ(second.view(), "probe-b");
  }
  EXPECT_EQ(pool.size(), 0);
}

TEST(NamePool, ANoteIsSeenByAllWhoHoldTheName) {
  NamePool pool([](std::string_view name) { return static_cast<int>(name.size()); });
  const NamePool::Name first = pool.Get("probe");
  EXPECT_EQ(first.note(), 5);
  first.note() = 7;
  EXPECT_EQ(pool.Get("probe").note(), 7);
  int visited = 0;
  pool.ForEach([&](const NamePool::Name& name) { visited += name.note(); });
  EXPECT_EQ(visited, 7);
  EXPECT_EQ(pool.size(), 1);
}

}  // namespace
}  // namespace fairlead::health
