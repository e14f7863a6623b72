#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/buffer/budget.h"

namespace fairlead::buffer {

class BlockPool;

// A fixed piece of memory that slices point into. Counted without atomics: a block, its slices and its pool belong to
// one thread.
//
// Who may write where: bytes below `used` are taken, and whoever took them is the only one to write there. Bytes from
// `used` on are free for whoever holds a reference and raises `used`. That way the loop can receive into the rest of a
// block and an output queue can go on writing behind its last slice, even in the same block.
struct Block {
  uint32_t references;
  uint32_t used;  // bytes from the front that are taken
  BlockPool* pool;

  char* data() { return reinterpret_cast<char*>(this + 1); }
};

// Hands out blocks of one size and keeps the free ones for reuse, most recently used first. Owned by one event loop,
// used on its thread alone; outlives every slice.
class BlockPool {
 public:
  // Bytes of data in a block: with its header, one allocation of 16 KiB.
  static constexpr size_t kBlockSize = 16 * 1024 - sizeof(Block);

  // Keeps at most `max_free` free blocks; the rest goes back to the allocator.
  explicit BlockPool(size_t max_free = 256) : max_free_(max_free) {}
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block with one reference, which the caller owns, and `used` of 0.
  Block* Allocate();
  // Takes back a block whose last reference is gone. Called by Slice.
  void Free(Block* block);

  // Blocks that someone holds a reference to.
  size_t blocks_in_use() const { return in_use_; }

  // Counts what is in use, now and from now on, in `budget`, which outlives the pool.
  void Join(Budget* budget);
  // Counts memory that is no block but serves as one, such as a copy: `bytes` more of it, or less.
  void Charge(int64_t bytes) {
    charged_bytes_ += bytes;
    const int64_t unreported = charged_bytes_ - reported_bytes_;
    if (unreported >= kReportBytes || unreported <= -kReportBytes) Report();
  }
  // What the budget that it has joined, if any, says.
  bool lean() const { return budget_ != nullptr && budget_->lean(); }
  bool tight() const { return budget_ != nullptr && budget_->tight(); }

  // What may be in use, or in use no more, without the budget's knowing.
  static constexpr int64_t kReportBytes = 256 * 1024;

 private:
  static constexpr int64_t kAllocationBytes = sizeof(Block) + kBlockSize;

  void Report();

  const size_t max_free_;
  size_t in_use_ = 0;
  std::vector<Block*> free_;
  Budget* budget_ = nullptr;
  int64_t charged_bytes_ = 0;
  int64_t reported_bytes_ = 0;  // of these
};

// A run of bytes within a block, keeping the block alive. Copies share the bytes.
class Slice {
 public:
  Slice() = default;
  // Takes over one reference to `block`; `data` lies within it.
  Slice(Block* block, char* data, size_t size) : block_(block), data_(data), size_(static_cast<uint32_t>(size)) {}
  Slice(const Slice& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) ++block_->references;
  }
  Slice(Slice&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Slice& operator=(Slice other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Slice() {
    if (block_ != nullptr && --block_->references == 0) block_->pool->Free(block_);
  }

  char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }
  Block* block() const { return block_; }

  // Drops `n` bytes from the front.
  void RemovePrefix(size_t n) {
    data_ += n;
    size_ -= static_cast<uint32_t>(n);
  }
  // Keeps only the first `n` bytes.
  void Truncate(size_t n) { size_ = static_cast<uint32_t>(n); }
  // The `n` bytes at `offset`, sharing the block.
  Slice Sub(size_t offset, size_t n) const {
    Slice slice(*this);
    slice.data_ += offset;
    slice.size_ = static_cast<uint32_t>(n);
    return slice;
  }

  // Bytes that Extend can add: those free behind the end, none when someone else has taken them.
  size_t room() const {
    if (block_ == nullptr || data_ + size_ != block_->data() + block_->used) return 0;
    return BlockPool::kBlockSize - block_->used;
  }
  // Takes the next `n` bytes, at most room(), which the caller has written behind the end.
  void Extend(size_t n) {
    block_->used += static_cast<uint32_t>(n);
    size_ += static_cast<uint32_t>(n);
  }
  // Grows by `next` where that follows directly in the same block: then returns true, and `next` is not needed any
  // more.
  bool Join(const Slice& next) {
    if (block_ != next.block_ || data_ + size_ != next.data_) return false;
    size_ += next.size_;
    return true;
  }

 private:
  Block* block_ = nullptr;
  char* data_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace fairlead::buffer
