#include "dataplane/base/allocation_counter.h"

#include <memory>

#include "gtest/gtest.h"

namespace fairlead::base {
namespace {

struct alignas(128) Aligned {
  char bytes[256];
};

TEST(AllocationCounter, CountsWhatIsAllocatedAndWhatOfItIsHeld) {
  AllocationCounter counter;
  EXPECT_EQ(counter.allocations(), 0u);
  auto text = std::make_unique<char[]>(1'000);
  auto aligned = std::make_unique<Aligned>();
  EXPECT_EQ(counter.allocations(), 2u);
  EXPECT_EQ(counter.bytes(), 1'256u);
  EXPECT_GE(counter.bytes_held(), 1'256);
  text.reset();
  aligned.reset();
  EXPECT_EQ(counter.allocations(), 2u);
  EXPECT_EQ(counter.bytes_held(), 0);
}

}  // namespace
}  // namespace fairlead::base
