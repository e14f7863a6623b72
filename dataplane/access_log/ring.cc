#include "dataplane/access_log/ring.h"

#include <algorithm>
#include <cstring>

namespace fairlead::access_log {

Ring::Ring(size_t capacity) : mask_(capacity - 1), bytes_(new char[capacity]) {}

bool Ring::Push(std::string_view line) {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  const size_t to_end = capacity() - (tail & mask_);
  const size_t filler = line.size() <= to_end ? 0 : to_end;
  const auto fits = [&] { return filler + line.size() <= capacity() - (tail - known_head_); };
  if (!fits()) {
    known_head_ = head_.load(std::memory_order_acquire);
    if (!fits()) return false;
  }
  if (filler > 0) std::memset(&bytes_[tail & mask_], '\0', filler);
  const uint64_t begin = tail + filler;
  std::memcpy(&bytes_[begin & mask_], line.data(), line.size());
  // In one order with the writer's falling asleep, so that either it sees the line or the worker sees it asleep.
  tail_.store(begin + line.size(), std::memory_order_seq_cst);
  return true;
}

std::string_view Ring::Lines() {
  uint64_t head = head_.load(std::memory_order_relaxed);
  const uint64_t tail = tail_.load(std::memory_order_seq_cst);
  if (head != tail && bytes_[head & mask_] == '\0') {
    head += capacity() - (head & mask_);
    head_.store(head, std::memory_order_release);
  }
  const size_t size = std::min<uint64_t>(tail - head, capacity() - (head & mask_));
  if (size == 0) return {};
  const char* const begin = &bytes_[head & mask_];
  const auto* last = static_cast<const char*>(memrchr(begin, '\n', size));
  return {begin, static_cast<size_t>(last + 1 - begin)};
}

void Ring::Consume(size_t size) {
  head_.store(head_.load(std::memory_order_relaxed) + size, std::memory_order_release);
}

}  // namespace fairlead::access_log
