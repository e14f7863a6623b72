#include "dataplane/load_balancing/fenwick_tree.h"

#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

TEST(FenwickTree, IsEmptyAtFirst) {
  FenwickTree tree;
  EXPECT_EQ(tree.size(), 0u);
  EXPECT_EQ(tree.total(), 0u);
  EXPECT_EQ(tree.Get(5), 0u);
}

TEST(FenwickTree, FindsWhereTheRunningSumPassesAPoint) {
  FenwickTree tree;
  tree.Set(1, 3);
  tree.Set(4, 2);
  EXPECT_EQ(tree.total(), 5u);
  EXPECT_EQ(tree.Find(0), 1u);
  EXPECT_EQ(tree.Find(2), 1u);
  EXPECT_EQ(tree.Find(3), 4u);
  EXPECT_EQ(tree.Find(4), 4u);
}

TEST(FenwickTree, HoldsTheLargestNumbersWithoutOverflow) {
  FenwickTree tree;
  for (size_t i = 0; i < 100; ++i) tree.Set(i, UINT32_MAX);
  EXPECT_EQ(tree.total(), 100 * uint64_t{UINT32_MAX});
  EXPECT_EQ(tree.Find(tree.total() - 1), 99u);
  EXPECT_EQ(tree.Find(50 * uint64_t{UINT32_MAX}), 50u);
  for (size_t i = 0; i < 100; ++i) tree.Set(i, 0);
  EXPECT_EQ(tree.total(), 0u);
}

TEST(FenwickTree, BehavesAsAPlainList) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    FenwickTree tree;
    std::vector<uint32_t> model;
    const size_t indexes = 1 + random() % 70;
    for (int step = 0; step < 100; ++step) {
      const size_t index = random() % indexes;
      const uint32_t value = random() % 3 == 0 ? 0 : random() % 10;
      if (index >= model.size()) model.resize(index + 1);
      model[index] = value;
      tree.Set(index, value);
    }
    ASSERT_EQ(tree.size(), model.size());
    uint64_t sum = 0;
    for (size_t index = 0; index < model.size(); ++index) {
      ASSERT_EQ(tree.Get(index), model[index]);
      ASSERT_EQ(tree.SumBefore(index), sum);
      for (uint32_t i = 0; i < model[index]; ++i) ASSERT_EQ(tree.Find(sum + i), index);
      sum += model[index];
    }
    ASSERT_EQ(tree.SumBefore(model.size()), sum);
    ASSERT_EQ(tree.total(), sum);
  }
}

}  // namespace
}  // namespace fairlead::load_balancing
