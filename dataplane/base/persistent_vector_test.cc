#include "dataplane/base/persistent_vector.h"

#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "dataplane/base/allocation_counter.h"
#include "gtest/gtest.h"

namespace fairlead::base {
namespace {

using SharedVector = PersistentVector<std::shared_ptr<const int>>;

PersistentVector<int> Counting(int size) {
  PersistentVector<int> vector;
  for (int i = 0; i < size; ++i) vector.PushBack(i);
  return vector;
}

template <typename T>
std::vector<T> Contents(const PersistentVector<T>& vector) {
  std::vector<T> contents;
  vector.ForEach([&](size_t index, const T& value) {
    EXPECT_EQ(index, contents.size());
    contents.push_back(value);
  });
  return contents;
}

TEST(PersistentVector, IsEmptyAtFirst) {
  PersistentVector<int> vector;
  EXPECT_TRUE(vector.empty());
  EXPECT_EQ(vector.size(), 0u);
  EXPECT_TRUE(Contents(vector).empty());
}

// 32 elements fill one node, 1,024 two levels, 32,768 three: on both sides of each edge.
TEST(PersistentVector, HoldsWhatWasPushedAtEverySizeOfTheTree) {
  for (int size : {1, 31, 32, 33, 1'023, 1'024, 1'025, 32'767, 32'768, 32'769, 100'000}) {
    PersistentVector<int> vector = Counting(size);
    ASSERT_EQ(vector.size(), static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) ASSERT_EQ(vector[i], i) << "of " << size;
    EXPECT_EQ(Contents(vector).size(), static_cast<size_t>(size));
  }
}

TEST(PersistentVector, LeavesACopyAsItWasWhenTheOriginalChanges) {
  PersistentVector<int> vector = Counting(1'000);
  const PersistentVector<int> copy = vector;
  vector.Set(500, -1);
  vector.PushBack(1'000);
  EXPECT_EQ(vector[500], -1);
  EXPECT_EQ(vector.size(), 1'001u);
  EXPECT_EQ(copy[500], 500);
  EXPECT_EQ(copy.size(), 1'000u);
}

TEST(PersistentVector, LetsTwoCopiesGrowApart) {
  PersistentVector<int> left = Counting(32);
  PersistentVector<int> right = left;
  for (int i = 0; i < 100; ++i) {
    left.PushBack(i);
    right.PushBack(-i);
  }
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(left[32 + i], i);
    ASSERT_EQ(right[32 + i], -i);
  }
}

TEST(PersistentVector, IsEmptyAfterItWasMovedFrom) {
  PersistentVector<int> vector = Counting(100);
  PersistentVector<int> moved = std::move(vector);
  EXPECT_EQ(moved.size(), 100u);
  EXPECT_EQ(vector.size(), 0u);  // NOLINT(bugprone-use-after-move): what is tested
  vector.PushBack(7);
  EXPECT_EQ(Contents(vector), std::vector<int>{7});
}

TEST(PersistentVector, FreesAnElementWithTheLastVectorThatHoldsIt) {
  auto value = std::make_shared<const int>(1);
  auto first = std::make_unique<SharedVector>();
  first->PushBack(value);
  auto second = std::make_unique<SharedVector>(*first);
  EXPECT_EQ(value.use_count(), 2);  // `value` and the one node that both share
  second->Set(0, nullptr);
  EXPECT_EQ(value.use_count(), 2);
  first.reset();
  EXPECT_EQ(value.use_count(), 1);
}

// Any run of changes to any of several vectors that copy each other gives what plain vectors give.
TEST(PersistentVector, BehavesAsPlainVectorsThatAreCopiedInFull) {
  std::mt19937 random(1);
  std::vector<PersistentVector<int>> vectors(6);
  std::vector<std::vector<int>> models(6);
  for (int step = 0; step < 60'000; ++step) {
    size_t which = random() % vectors.size();
    switch (random() % 20) {
      case 0: {
        size_t from = random() % vectors.size();
        vectors[which] = vectors[from];
        models[which] = models[from];
        break;
      }
      case 1: {
        size_t from = random() % vectors.size();
        if (from == which) break;
        vectors[which] = std::exchange(vectors[from], {});
        models[which] = std::exchange(models[from], {});
        break;
      }
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
        if (models[which].empty()) break;
        {
          size_t index = random() % models[which].size();
          vectors[which].Set(index, step);
          models[which][index] = step;
        }
        break;
      default:
        vectors[which].PushBack(step);
        models[which].push_back(step);
    }
    if (step % 1'000 == 0) {
      for (size_t i = 0; i < vectors.size(); ++i) ASSERT_EQ(Contents(vectors[i]), models[i]) << "step " << step;
    }
  }
  for (size_t i = 0; i < vectors.size(); ++i) {
    ASSERT_EQ(vectors[i].size(), models[i].size());
    for (size_t j = 0; j < models[i].size(); ++j) ASSERT_EQ(vectors[i][j], models[i][j]);
  }
}

class PersistentVectorMemory : public testing::Test {
 protected:
  static SharedVector OfSize(int size) {
    SharedVector vector;
    for (int i = 0; i < size; ++i) vector.PushBack(std::make_shared<const int>(i));
    return vector;
  }
};

TEST_F(PersistentVectorMemory, CopiesAllocateNothing) {
  SharedVector vector = OfSize(100'000);
  AllocationCounter counter;
  SharedVector copy = vector;
  EXPECT_EQ(counter.allocations(), 0u);
}

TEST_F(PersistentVectorMemory, AChangeToACopyAllocatesOnePathOfTheTree) {
  SharedVector vector = OfSize(100'000);
  SharedVector copy = vector;
  auto value = std::make_shared<const int>(-1);
  AllocationCounter counter;
  copy.Set(77'777, value);
  // Four levels: each a node and the 32 pointers in it.
  EXPECT_LE(counter.allocations(), 8u);
  EXPECT_LE(counter.bytes(), 4 * (100 + 32 * sizeof(value)));
}

TEST_F(PersistentVectorMemory, FurtherChangesToTheSamePathAllocateNothing) {
  SharedVector vector = OfSize(100'000);
  SharedVector copy = vector;
  auto value = std::make_shared<const int>(-1);
  copy.Set(77'777, value);
  AllocationCounter counter;
  copy.Set(77'777, nullptr);
  copy.Set(77'778, value);
  EXPECT_EQ(counter.allocations(), 0u);
}

TEST_F(PersistentVectorMemory, IsSmallForABackendOfFourServers) {
  std::vector<std::shared_ptr<const int>> values(4, std::make_shared<const int>(1));
  AllocationCounter counter;
  SharedVector vector;
  for (const auto& value : values) vector.PushBack(value);
  EXPECT_LE(counter.bytes(), 256u);
}

TEST_F(PersistentVectorMemory, IsLittleMoreThanItsElementsWhenLarge) {
  std::vector<std::shared_ptr<const int>> values(100'000, std::make_shared<const int>(1));
  SharedVector vector;
  for (const auto& value : values) vector.PushBack(value);
  // A copy that is made unique throughout allocates each node once, without the room to grow into.
  SharedVector copy = vector;
  AllocationCounter counter;
  for (size_t i = 0; i < values.size(); ++i) copy.Set(i, nullptr);
  EXPECT_LE(counter.bytes(), values.size() * sizeof(values[0]) * 5 / 4);
}

}  // namespace
}  // namespace fairlead::base
