#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/buffer/slice.h"

namespace fairlead::http::h1 {

// The bytes of a head, in one piece, as a parser needs them: the slice that came first, for as long as all fits into it
// (nearly always), else a copy. Holds no memory of its own until the second piece comes.
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
      copy_ = std::make_unique<Copy>();
      copy_->bytes = slice_.view();
      slice_ = {};
    }
    copy_->bytes += bytes.view();
    copy_->last_piece = std::move(bytes);
  }

  std::string_view view() const { return copy_ != nullptr ? std::string_view(copy_->bytes) : slice_.view(); }

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
    if (copy_ == nullptr) {
      copy_ = std::make_unique<Copy>();
      copy_->bytes = slice_.view();
      slice_ = {};
    }
    copy_->last_piece = {};
  }

  void Clear() {
    slice_ = {};
    copy_.reset();
  }

 private:
  // Of a head that came in pieces.
  struct Copy {
    std::string bytes;
    buffer::Slice last_piece;
  };

  buffer::Slice slice_;
  std::unique_ptr<Copy> copy_;
};

// Idle connections are many.
static_assert(sizeof(HeadBuffer) <= 32);

}  // namespace fairlead::http::h1
