#include "dataplane/load_balancing/fenwick_tree.h"

#include <bit>

#include "dataplane/load_balancing/grow.h"

namespace fairlead::load_balancing {
namespace {

// The number with its lowest set bit cleared: where the range that `i` sums up begins.
size_t WithoutLowestBit(size_t i) { return i & (i - 1); }

}  // namespace

uint32_t FenwickTree::Get(size_t index) const {
  if (index >= size()) return 0;
  uint64_t value = sums_[index];
  // The ranges that together make up the rest of this one.
  const size_t begin = WithoutLowestBit(index + 1);
  for (size_t i = index; i > begin; i = WithoutLowestBit(i)) value -= sums_[i - 1];
  return static_cast<uint32_t>(value);
}

uint64_t FenwickTree::SumBefore(size_t index) const {
  uint64_t sum = 0;
  for (size_t i = index; i > 0; i = WithoutLowestBit(i)) sum += sums_[i - 1];
  return sum;
}

size_t FenwickTree::Find(uint64_t point) const {
  size_t index = 0;
  for (size_t step = std::bit_floor(size()); step > 0; step /= 2) {
    const size_t next = index + step;
    if (next > size() || sums_[next - 1] > point) continue;
    point -= sums_[next - 1];
    index = next;
  }
  return index;
}

void FenwickTree::Set(size_t index, uint32_t value) {
  if (index >= size()) {
    ReserveFor(sums_, index + 1);
    while (index >= size()) {
      const size_t begin = WithoutLowestBit(size() + 1);
      uint64_t sum = 0;
      for (size_t i = size(); i > begin; i = WithoutLowestBit(i)) sum += sums_[i - 1];
      sums_.push_back(sum);
    }
  }
  // Modulo 2^64 a lower value is added as well as a higher one.
  const uint64_t change = uint64_t{value} - Get(index);
  for (size_t i = index + 1; i <= size(); i += i & (~i + 1)) sums_[i - 1] += change;
  total_ += change;
}

}  // namespace fairlead::load_balancing
