#pragma once

#include <cstddef>

#include "dataplane/base/persistent_vector.h"

namespace fairlead::control {

// What a slot of a snapshot holds; null where it is free, or beyond what there is.
template <typename Pointer>
auto At(const base::PersistentVector<Pointer>& vector, size_t slot) -> decltype(vector[slot].get()) {
  return slot < vector.size() ? vector[slot].get() : nullptr;
}

}  // namespace fairlead::control
