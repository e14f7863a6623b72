#pragma once

#include <cstddef>
#include <string_view>

#include "dataplane/buffer/slice.h"

namespace fairlead::buffer {

// Cuts slices for many owners from one block after another, so that small pieces (a request of 200 bytes) do not hold
// 16 KiB each. Starts at the block's front again once nobody holds a piece of it, which keeps the same few lines of
// memory in the processor's cache. One for each loop, on its thread.
class SharedBlock {
 public:
  explicit SharedBlock(BlockPool& pool) : pool_(pool) {}
  ~SharedBlock() { Release(); }
  SharedBlock(const SharedBlock&) = delete;
  SharedBlock& operator=(const SharedBlock&) = delete;

  // Where the next bytes go: room() of them, at least `minimum` (at most BlockPool::kBlockSize).
  char* Room(size_t minimum);
  size_t room() const { return block_ == nullptr ? 0 : BlockPool::kBlockSize - block_->used; }
  // The first `n` bytes written at what Room gave, with no other call in between.
  Slice Cut(size_t n);
  // A copy of `bytes`, at most BlockPool::kBlockSize of them.
  Slice Copy(std::string_view bytes);

 private:
  void Release();

  BlockPool& pool_;
  Block* block_ = nullptr;  // holds one reference
};

}  // namespace fairlead::buffer
