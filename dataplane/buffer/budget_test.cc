#include "dataplane/buffer/budget.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "dataplane/buffer/slice.h"

namespace fairlead::buffer {
namespace {

constexpr int64_t kMiB = 1024 * 1024;

std::vector<Slice> Take(BlockPool& pool, int blocks) {
  std::vector<Slice> slices;
  for (int i = 0; i < blocks; ++i) {
    Block* block = pool.Allocate();
    slices.emplace_back(block, block->data(), 0);
  }
  return slices;
}

TEST(Budget, SumsWhatAllPoolsHaveInUse) {
  Budget budget(100 * kMiB);
  BlockPool one, two;
  const std::vector<Slice> before = Take(one, 64);  // 1 MiB
  one.Join(&budget);
  two.Join(&budget);
  EXPECT_EQ(budget.used_bytes(), kMiB);
  const std::vector<Slice> after = Take(two, 128);
  EXPECT_EQ(budget.used_bytes(), 3 * kMiB);
}

TEST(Budget, ForgetsWhatWasGivenBackAndPoolsThatEnd) {
  Budget budget(100 * kMiB);
  std::optional<BlockPool> pool(std::in_place);
  pool->Join(&budget);
  Take(*pool, 128);
  EXPECT_EQ(budget.used_bytes(), 0) << "free blocks are not in use";
  pool->Charge(kMiB);
  EXPECT_EQ(budget.used_bytes(), kMiB);
  pool.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(Budget, KnowsTheSumUpToAStepOfEachPool) {
  Budget budget(100 * kMiB);
  BlockPool pool;
  pool.Join(&budget);
  for (int blocks = 1; blocks < 100; ++blocks) {
    const std::vector<Slice> slices = Take(pool, blocks);
    EXPECT_NEAR(budget.used_bytes(), blocks * 16 * 1024, BlockPool::kReportBytes);
  }
}

TEST(Budget, IsLeanFromThreeQuartersAndTightFromNineTenthsOn) {
  Budget budget(20 * kMiB);
  BlockPool pool;
  EXPECT_FALSE(pool.lean() || pool.tight()) << "without a budget";
  pool.Join(&budget);
  pool.Charge(15 * kMiB - BlockPool::kReportBytes);
  EXPECT_FALSE(pool.lean() || pool.tight());
  pool.Charge(BlockPool::kReportBytes);
  EXPECT_TRUE(pool.lean());
  EXPECT_FALSE(pool.tight());
  pool.Charge(3 * kMiB);
  EXPECT_TRUE(pool.lean() && pool.tight());
  pool.Charge(-BlockPool::kReportBytes);
  EXPECT_FALSE(pool.tight());
}

}  // namespace
}  // namespace fairlead::buffer
