#pragma once

#include <cstdint>

#include "dataplane/buffer/slice.h"

namespace fairlead::proxy {

// Counts a block as in use from a request's head until its response begins, which will take it: so that as many
// requests as come at once do not find room in the buffers that their responses won't. Part of an exchange.
class BufferReservation {
 public:
  void Begin(buffer::BlockPool& blocks) {
    taken_ = true;
    blocks.Charge(buffer::BlockPool::kBlockSize);
  }
  // Harmless where there is none.
  void End(buffer::BlockPool& blocks) {
    if (!taken_) return;
    taken_ = false;
    blocks.Charge(-static_cast<int64_t>(buffer::BlockPool::kBlockSize));
  }

 private:
  bool taken_ = false;
};

}  // namespace fairlead::proxy
