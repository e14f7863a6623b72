#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fairlead::load_balancing {

// Numbers by index, with the sum of all before an index, and the index at which a running sum passes a point, each in
// O(log n) (Fenwick, "A new data structure for cumulative frequency tables", 1994). 8 bytes for each number.
class FenwickTree {
 public:
  // One more than the highest index ever set.
  size_t size() const { return sums_.size(); }
  // The sum of all.
  uint64_t total() const { return total_; }

  // The number at `index`; 0 beyond size(). On average two reads.
  uint32_t Get(size_t index) const;
  // The sum of the numbers before `index`, up to size().
  uint64_t SumBefore(size_t index) const;
  // Where the running sum first exceeds `point`, which is below total(): an index whose number is not 0.
  size_t Find(uint64_t point) const;

  // Puts `value` at `index`; whatever lies between size() and `index` becomes 0.
  void Set(size_t index, uint32_t value);

 private:
  // sums_[i - 1] is the sum of the numbers i - (lowest set bit of i) + 1 to i, counted from 1.
  std::vector<uint64_t> sums_;
  uint64_t total_ = 0;
};

}  // namespace fairlead::load_balancing
