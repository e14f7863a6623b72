#include "dataplane/buffer/queue.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace fairlead::buffer {

void Queue::Append(Slice slice) {
  if (slice.empty()) return;
  size_ += slice.size();
  Slice* back = Back();
  if (back != nullptr && (back->Join(slice) || CopyBehind(back, slice))) return;
  PushBack(std::move(slice));
}

void Queue::Append(std::string_view bytes, BlockPool& pool) {
  while (!bytes.empty()) {
    const Slice* back = Back();
    const size_t room = back == nullptr ? 0 : back->room();
    const size_t n = std::min(bytes.size(), room == 0 ? BlockPool::kBlockSize : room);
    std::memcpy(Reserve(n, pool), bytes.data(), n);
    Commit(n);
    bytes.remove_prefix(n);
  }
}

bool Queue::CopyBehind(Slice* back, const Slice& slice) {
  if (slice.size() > kCopyAtMost || slice.size() > back->room()) return false;
  std::memcpy(back->data() + back->size(), slice.data(), slice.size());
  back->Extend(slice.size());
  return true;
}

char* Queue::Reserve(size_t n, BlockPool& pool) {
  Slice* back = Back();
  if (back == nullptr || back->room() < n) {
    Block* block = pool.Allocate();
    PushBack(Slice(block, block->data(), 0));
    back = Back();
  }
  return back->data() + back->size();
}

void Queue::Commit(size_t n) {
  Slice* back = Back();
  back->Extend(n);
  size_ += n;
  if (back->empty()) PopBack();
}

int Queue::FillIovecs(iovec* iovecs, int max) const {
  int count = 0;
  const auto add = [&](const Slice& slice) { iovecs[count++] = {slice.data(), slice.size()}; };
  for (const Slice& slice : front_) {
    if (slice.block() == nullptr || count == max) return count;
    add(slice);
  }
  if (rest_ == nullptr) return count;
  for (auto slice = rest_->begin(); slice != rest_->end() && count < max; ++slice) add(*slice);
  return count;
}

void Queue::Consume(size_t n) {
  size_ -= n;
  while (n > 0) {
    if (n < front_[0].size()) {
      front_[0].RemovePrefix(n);
      return;
    }
    n -= front_[0].size();
    PopFront();
  }
}

void Queue::MoveTo(size_t n, Queue& to) {
  size_ -= n;
  while (n > 0) {
    Slice& front = front_[0];
    if (n < front.size()) {
      to.Append(front.Sub(0, n));
      front.RemovePrefix(n);
      return;
    }
    n -= front.size();
    to.Append(std::move(front));
    PopFront();
  }
}

Slice Queue::TakeFront(size_t max) {
  const size_t n = std::min(max, front_[0].size());
  Slice slice = front_[0].Sub(0, n);
  Consume(n);
  return slice;
}

void Queue::Clear() {
  for (Slice& slice : front_) slice = Slice();
  rest_.reset();
  size_ = 0;
}

std::vector<Slice> Queue::TakeSlices() {
  std::vector<Slice> slices;
  for (Slice& slice : front_) {
    if (slice.block() != nullptr) slices.push_back(std::move(slice));
  }
  if (rest_ != nullptr) std::move(rest_->begin(), rest_->end(), std::back_inserter(slices));
  Clear();
  return slices;
}

void Queue::PushBack(Slice slice) {
  if (rest_ == nullptr) {
    for (Slice& free : front_) {
      if (free.block() != nullptr) continue;
      free = std::move(slice);
      return;
    }
    rest_ = std::make_unique<std::deque<Slice>>();
  }
  rest_->push_back(std::move(slice));
}

void Queue::PopBack() {
  if (rest_ == nullptr) {
    *Back() = Slice();
    return;
  }
  rest_->pop_back();
  if (rest_->empty()) rest_.reset();
}

void Queue::PopFront() {
  std::move(front_ + 1, front_ + kInlineSlices, front_);
  Slice& last = front_[kInlineSlices - 1];
  if (rest_ == nullptr) {
    last = Slice();
    return;
  }
  last = std::move(rest_->front());
  rest_->pop_front();
  if (rest_->empty()) rest_.reset();
}

Slice* Queue::Back() {
  if (rest_ != nullptr) return &rest_->back();
  for (int i = kInlineSlices - 1; i >= 0; --i) {
    if (front_[i].block() != nullptr) return &front_[i];
  }
  return nullptr;
}

}  // namespace fairlead::buffer
