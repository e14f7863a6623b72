#include "dataplane/control/memory_return.h"

#include <malloc.h>

namespace fairlead::control {

void MemoryReturn::SetUpAllocator() {
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  mallopt(M_MXFAST, 0);
}

void MemoryReturn::Note(size_t transaction_bytes) {
  bytes_ += transaction_bytes;
  if (bytes_ >= kWorthBytes && !timer_.scheduled()) timers_->Schedule(&timer_, kDelayMs);
}

void MemoryReturn::Return(void* memory_return) {
  static_cast<MemoryReturn*>(memory_return)->bytes_ = 0;
  malloc_trim(0);
}

}  // namespace fairlead::control
