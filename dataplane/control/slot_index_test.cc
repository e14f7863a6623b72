#include "dataplane/control/slot_index.h"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

TEST(SlotIndex, SlotsAreDense) {
  SlotIndex index;
  PlannedSlots planned(index);
  EXPECT_EQ(planned.Add("a"), 0u);
  EXPECT_EQ(planned.Add("b"), 1u);
  index.Apply(planned);
  EXPECT_EQ(index.Find("a"), 0u);
  EXPECT_EQ(index.Find("b"), 1u);
  EXPECT_EQ(index.Find("c"), std::nullopt);
  EXPECT_EQ(index.size(), 2u);
}

TEST(SlotIndex, APlanShowsTheEndOfTheTransactionAndLeavesTheIndexAlone) {
  SlotIndex index;
  PlannedSlots first(index);
  first.Add("a");
  index.Apply(first);
  PlannedSlots planned(index);
  planned.Remove("a");
  planned.Add("b");
  EXPECT_EQ(planned.Find("a"), std::nullopt);
  EXPECT_EQ(planned.Find("b"), 1u);
  EXPECT_TRUE(planned.removes_any());
  EXPECT_EQ(index.Find("a"), 0u);
  EXPECT_EQ(index.Find("b"), std::nullopt);
}

TEST(SlotIndex, FreedSlotsAreGivenAgainLaterAsPlanned) {
  SlotIndex index;
  PlannedSlots first(index);
  for (const char* id : {"a", "b", "c"}) first.Add(id);
  index.Apply(first);
  PlannedSlots second(index);
  second.Remove("a");
  second.Remove("c");
  EXPECT_EQ(second.Add("d"), 3u);
  index.Apply(second);

  PlannedSlots third(index);
  const uint32_t e = third.Add("e"), f = third.Add("f"), g = third.Add("g");
  EXPECT_EQ(e + f, 0u + 2u);
  EXPECT_EQ(g, 4u);
  index.Apply(third);
  EXPECT_EQ(index.Find("e"), e);
  EXPECT_EQ(index.Find("f"), f);
  EXPECT_EQ(index.Find("g"), g);
}

}  // namespace
}  // namespace fairlead::control
