#include "dataplane/base/intrusive_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace fairlead::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Item : ListNode {
  explicit Item(int value) : value(value) {}
  const int value;
};

std::vector<int> Values(IntrusiveList<Item>& list) {
  std::vector<int> values;
  list.ForEach([&](Item* item) { values.push_back(item->value); });
  return values;
}

TEST(IntrusiveList, KeepsTheOrderInWhichItemsArePut) {
  IntrusiveList<Item> list;
  Item one(1), two(2), three(3);
  EXPECT_TRUE(list.empty());
  list.PushBack(&two);
  list.PushBack(&three);
  list.PushFront(&one);
  EXPECT_THAT(Values(list), ElementsAre(1, 2, 3));
  EXPECT_EQ(list.front(), &one);
  EXPECT_EQ(list.back(), &three);
  EXPECT_FALSE(list.empty());
}

TEST(IntrusiveList, LosesItemsThatUnlinkThemselves) {
  IntrusiveList<Item> list;
  Item one(1), two(2), three(3);
  for (Item* item : {&one, &two, &three}) list.PushBack(item);
  two.Unlink();
  EXPECT_FALSE(two.linked());
  EXPECT_THAT(Values(list), ElementsAre(1, 3));
  two.Unlink();  // once more does no harm
  one.Unlink();
  three.Unlink();
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, LosesItemsThatAreDestroyed) {
  IntrusiveList<Item> list;
  std::optional<Item> one(1), two(2);
  list.PushBack(&*one);
  list.PushBack(&*two);
  one.reset();
  EXPECT_THAT(Values(list), ElementsAre(2));
  two.reset();
  EXPECT_THAT(Values(list), IsEmpty());
}

TEST(IntrusiveList, TakesAnItemOutOfTheListThatItWasIn) {
  IntrusiveList<Item> list, other;
  Item one(1), two(2);
  list.PushBack(&one);
  list.PushBack(&two);
  other.PushFront(&one);
  EXPECT_THAT(Values(list), ElementsAre(2));
  EXPECT_THAT(Values(other), ElementsAre(1));
  list.PushFront(&two);  // in the same one
  EXPECT_THAT(Values(list), ElementsAre(2));
  list.PushBack(&two);  // where it is
  EXPECT_THAT(Values(list), ElementsAre(2));
}

TEST(IntrusiveList, LetsAVisitUnlinkMoveOrDestroyItsItem) {
  IntrusiveList<Item> list, other;
  auto one = std::make_unique<Item>(1), two = std::make_unique<Item>(2), three = std::make_unique<Item>(3);
  for (auto* item : {&one, &two, &three}) list.PushBack(item->get());
  list.ForEach([&](Item* item) {
    if (item == one.get()) return one.reset();
    if (item == two.get()) return item->Unlink();
    other.PushBack(item);
  });
  EXPECT_TRUE(list.empty());
  EXPECT_THAT(Values(other), ElementsAre(3));
}

TEST(IntrusiveList, LeavesItsItemsUnlinkedWhenItEnds) {
  Item one(1);
  {
    IntrusiveList<Item> list;
    list.PushBack(&one);
    EXPECT_TRUE(one.linked());
  }
  EXPECT_FALSE(one.linked());
}

}  // namespace
}  // namespace fairlead::base
