#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace fairlead::load_balancing {

// Makes room in `values` for `size` elements: not for twice as many, as the vector itself would, but for an eighth
// more. Each worker has such vectors for each of 100,000 servers; they grow seldom and are read often.
template <typename T>
void ReserveFor(std::vector<T>& values, size_t size) {
  if (size > values.capacity()) values.reserve(std::max(size, values.capacity() + values.capacity() / 8));
}

}  // namespace fairlead::load_balancing
