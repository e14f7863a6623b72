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
    if (copy_ != nullptr) {
      copy_->Append(bytes.view());
    } else if (slice_.empty()) {
      slice_ = std::move(bytes);
    } else if (!slice_.Join(bytes)) {
      copy_ = std::make_unique<Copy>(slice_.block()->pool);
      copy_->Append(slice_.view());
      copy_->Append(bytes.view());
      last_ = std::move(bytes);
      slice_ = {};
      return;
    }
    if (copy_ != nullptr) last_ = std::move(bytes);
  }

  std::string_view view() const { return copy_ != nullptr ? copy_->view() : slice_.view(); }

  // The head's size is known: returns what follows it, which ends the last piece that was added.
  buffer::Slice TakeRest(size_t head_size) {
    size_t rest = view().size() - head_size;
    buffer::Slice& last = copy_ != nullptr ? last_ : slice_;
    buffer::Slice result = rest == 0 ? buffer::Slice() : last.Sub(last.size() - rest, rest);
    last_ = {};
    return result;
  }

  // Keeps the bytes in a copy of their own size, for who holds them for long: the slice holds a whole block.
  void Compact() {
    if (copy_ == nullptr && slice_.block() != nullptr) {
      copy_ = std::make_unique<Copy>(slice_.block()->pool);
      copy_->Append(slice_.view());
    }
    slice_ = {};
    last_ = {};
  }

  void Clear() {
    slice_ = {};
    last_ = {};
    copy_.reset();
  }

 private:
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

   private:
    buffer::BlockPool* const pool_;
    std::string bytes_;
    int64_t charged_bytes_ = 0;
  };

  buffer::Slice slice_;
  buffer::Slice last_;  // with copy_: the piece added last
  std::unique_ptr<Copy> copy_;
};

}  // namespace fairlead::http::h1
