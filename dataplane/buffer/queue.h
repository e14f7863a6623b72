#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/buffer/slice.h"

namespace fairlead::buffer {

// Bytes waiting to be sent, in order: slices that others made (bodies passed on without copying) between bytes written
// here (heads, chunk sizes). Owned by one connection, for its loop's thread alone.
//
// Bytes in the queue never move and are never overwritten, so that a send may read them while more is appended, until
// Consume drops them. An empty queue holds no memory beyond its own 64 bytes; up to two slices need no allocation.
class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  bool empty() const { return size_ == 0; }
  // Bytes, all slices together.
  size_t size() const { return size_; }

  // Appends without copying, but for so few bytes that one more piece to send would cost more: these are copied behind
  // the last one's, where there is room. A slice that continues the last one becomes one with it. Not between Reserve
  // and Commit.
  void Append(Slice slice);
  // Appends a copy, into the room of the last block while there is some, then into blocks of `pool`.
  void Append(std::string_view bytes, BlockPool& pool);

  // Room for `n` bytes in one piece (at most BlockPool::kBlockSize), to be written at once and given to Commit before
  // any other call to the queue, or to anything else that could write to blocks.
  char* Reserve(size_t n, BlockPool& pool);
  // Appends the first `n` bytes of what Reserve gave; 0 gives all of it back.
  void Commit(size_t n);

  // Names the bytes at the front, for Socket::StartSend. Returns how many of the `max` entries it filled.
  int FillIovecs(iovec* iovecs, int max) const;
  // Drops `n` bytes, at most size(), from the front.
  void Consume(size_t n);
  // Takes `n` bytes, at most size(), from the front and appends them to `to`, without copying.
  void MoveTo(size_t n, Queue& to);
  // Takes what is in one piece at the front out, at most `max` bytes. Of a queue that is not empty.
  Slice TakeFront(size_t max);
  void Clear();
  // Takes all slices out, in order: what Socket::Close needs while a send reads from them.
  std::vector<Slice> TakeSlices();

 private:
  static constexpr int kInlineSlices = 2;
  // With a second piece a send costs about 150 ns more (sendmsg in place of send); a copy of so many bytes some 30.
  static constexpr size_t kCopyAtMost = 1024;

  // False: it is too long for that, or there is no room.
  static bool CopyBehind(Slice* back, const Slice& slice);
  void PushBack(Slice slice);
  void PopBack();
  void PopFront();
  // The last slice; nullptr when there is none.
  Slice* Back();

  // The first slices, from the left. A slot without a block is free.
  Slice front_[kInlineSlices];
  // Those that follow, never empty when there.
  std::unique_ptr<std::deque<Slice>> rest_;
  size_t size_ = 0;
};

}  // namespace fairlead::buffer
