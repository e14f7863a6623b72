#include "dataplane/event/receive_ring.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

namespace fairlead::event {

ReceiveRing::~ReceiveRing() {
  if (ring_ == nullptr) return;
  for (buffer::Block* block : blocks_) pool_.Free(block);
  munmap(ring_, ring_size());
}

int ReceiveRing::Register(io_uring* ring) {
  // Pages of its own, as the kernel wants them.
  void* memory = mmap(nullptr, ring_size(), PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  io_uring_buf_reg registration = {};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = static_cast<uint32_t>(blocks_.size());
  registration.bgid = kGroup;
  if (const int error = io_uring_register_buf_ring(ring, &registration, 0); error != 0) {
    munmap(memory, ring_size());
    return error;
  }
  ring_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(ring_);
  for (unsigned id = 0; id < blocks_.size(); ++id) {
    blocks_[id] = pool_.Allocate();
    Give(id);
  }
  return 0;
}

buffer::Slice ReceiveRing::Take(unsigned id, size_t size) {
  buffer::Block* block = blocks_[id];
  if (size <= kCopyAtMost) {
    buffer::Slice copy = small_.Copy(std::string_view(block->data(), size));
    Give(id);
    return copy;
  }
  blocks_[id] = pool_.Allocate();
  Give(id);
  block->used = static_cast<uint32_t>(size);
  return buffer::Slice(block, block->data(), size);
}

void ReceiveRing::Give(unsigned id) {
  io_uring_buf_ring_add(ring_, blocks_[id]->data(), buffer::BlockPool::kBlockSize, static_cast<unsigned short>(id),
                        io_uring_buf_ring_mask(static_cast<uint32_t>(blocks_.size())), 0);
  io_uring_buf_ring_advance(ring_, 1);
}

}  // namespace fairlead::event
