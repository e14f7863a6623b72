#pragma once

#include <cstddef>
#include <cstdint>

namespace fairlead::base {

// What this thread allocated with operator new since the object was made, freed again or not. For tests of code that
// promises not to allocate, or only a little:
//
//   AllocationCounter counter;
//   router.Match("example.org", "/");
//   EXPECT_EQ(counter.allocations(), 0);
class AllocationCounter {
 public:
  AllocationCounter();

  size_t allocations() const;
  // As asked for; the allocator may round up.
  size_t bytes() const;
  // What it allocated less what it freed, as the allocator rounded it up. Negative when more was freed.
  int64_t bytes_held() const;

 private:
  size_t allocations_before_;
  size_t bytes_before_;
  int64_t bytes_held_before_;
};

}  // namespace fairlead::base
