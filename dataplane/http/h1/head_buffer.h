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
    if (copy_ != nullptr) {
      copy_->append(bytes.view());
    } else if (slice_.empty()) {
      slice_ = std::move(bytes);
    } else if (!slice_.Join(bytes)) {
      copy_ = std::make_unique<std::string>(slice_.view());
      copy_->append(bytes.view());
      last_ = std::move(bytes);
      slice_ = {};
      return;
    }
    if (copy_ != nullptr) last_ = std::move(bytes);
  }

  std::string_view view() const { return copy_ != nullptr ? std::string_view(*copy_) : slice_.view(); }

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
    if (copy_ == nullptr) copy_ = std::make_unique<std::string>(slice_.view());
    slice_ = {};
    last_ = {};
  }

  void Clear() {
    slice_ = {};
    last_ = {};
    copy_.reset();
  }

 private:
  buffer::Slice slice_;
  buffer::Slice last_;  // with copy_: the piece added last
  std::unique_ptr<std::string> copy_;
};

}  // namespace fairlead::http::h1
