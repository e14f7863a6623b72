#pragma once

#include <liburing.h>

#include <cstddef>
#include <vector>

#include "dataplane/buffer/shared_block.h"
#include "dataplane/buffer/slice.h"

namespace fairlead::event {

// Blocks that the kernel receives into (io_uring's "provided buffer ring"): it picks one when bytes have come, so that
// sockets that wait for bytes need none. Belongs to one IoUringLoop; all sockets share it.
class ReceiveRing {
 public:
  // The id by which requests name it.
  static constexpr int kGroup = 0;

  // `blocks`: how many the kernel has at a time, a power of two. When all are filled between two turns, the kernel ends
  // the receives that find none with ENOBUFS, and the sockets start them again. `small`: where few bytes are copied, so
  // that they do not keep a whole block.
  ReceiveRing(buffer::BlockPool& pool, unsigned blocks, buffer::SharedBlock& small)
      : pool_(pool), small_(small), blocks_(blocks) {}
  // After the io_uring is gone.
  ~ReceiveRing();
  ReceiveRing(const ReceiveRing&) = delete;
  ReceiveRing& operator=(const ReceiveRing&) = delete;

  // Gives the blocks to the kernel. 0 or an errno below 0.
  int Register(io_uring* ring);

  // The first `size` bytes of a block that the kernel has filled and reports. The kernel gets a block for it at once.
  buffer::Slice Take(unsigned id, size_t size);

 private:
  // A power of two. When all are filled between two turns, the kernel ends the receives that find none with ENOBUFS,
  // and the sockets start them again.
  static constexpr unsigned kBlocks = 128;
  // What costs about as much to copy as a new block does.
  static constexpr size_t kCopyAtMost = 2048;

  size_t ring_size() const { return blocks_.size() * sizeof(io_uring_buf); }
  void Give(unsigned id);

  buffer::BlockPool& pool_;
  buffer::SharedBlock& small_;
  io_uring_buf_ring* ring_ = nullptr;
  std::vector<buffer::Block*> blocks_;  // by id
};

}  // namespace fairlead::event
