#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/buffer/slice.h"

namespace fairlead::http::h1 {

// The bytes of a head, in one piece, as a parser needs them: the slice that came first, for as long as all fits into it
// (nearly always), else a copy. Holds no memory of its own until the second piece comes; what it holds then is charged
// to the pool of the pieces.
class HeadBuffer {
 public:
  bool empty() const { return slice_.empty() && copy_ == nullptr; }

  // Adds bytes at the end. What view() gave before is gone.
  void Append(buffer::Slice bytes) {
    if (copy_ == nullptr) {
      if (slice_.empty()) {
        slice_ = std::move(bytes);
        return;
      }
      if (slice_.Join(bytes)) return;
      copy_ = std::make_unique<Copy>(slice_.block()->pool);
      copy_->Append(slice_.view());
      slice_ = {};
    }
    copy_->Append(bytes.view());
    copy_->last_piece = std::move(bytes);
  }

  std::string_view view() const { return copy_ != nullptr ? copy_->view() : slice_.view(); }

  // The head's size is known: returns what follows it, which ends the last piece that was added.
  buffer::Slice TakeRest(size_t head_size) {
    const size_t rest = view().size() - head_size;
    buffer::Slice& last = copy_ != nullptr ? copy_->last_piece : slice_;
    buffer::Slice result = rest == 0 ? buffer::Slice() : last.Sub(last.size() - rest, rest);
    if (copy_ != nullptr) copy_->last_piece = {};
    return result;
  }

  // Keeps the bytes in a copy of their own size, for who holds them for long: the slice holds a whole block.
  void Compact() {
    if (copy_ == nullptr && slice_.block() != nullptr) {
      copy_ = std::make_unique<Copy>(slice_.block()->pool);
      copy_->Append(slice_.view());
      slice_ = {};
    }
    if (copy_ != nullptr) copy_->last_piece = {};
  }

  void Clear() {
    slice_ = {};
    copy_.reset();
  }

 private:
  // Of a head that came in pieces.
  class Copy {
   public:
    explicit Copy(buffer::BlockPool* pool) : pool_(pool) {}
    ~Copy() { pool_->Charge(-charged_bytes_); }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    void Append(std::string_view bytes) {
      bytes_.append(bytes);
      const auto held_bytes = static_cast<int64_t>(bytes_.capacity());
      pool_->Charge(held_bytes - charged_bytes_);
      charged_bytes_ = held_bytes;
    }
    std::string_view view() const { return bytes_; }

    buffer::Slice last_piece;

   private:
    buffer::BlockPool* const pool_;
    std::string bytes_;
    int64_t charged_bytes_ = 0;
  };

  buffer::Slice slice_;
  std::unique_ptr<Copy> copy_;
};

// Idle connections are many.
static_assert(sizeof(HeadBuffer) <= 32);

}  // namespace fairlead::http::h1
