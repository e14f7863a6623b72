#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "dataplane/buffer/slice.h"
#include "dataplane/http/client_codec.h"

namespace fairlead::proxy {

// What was sent of a request's body, kept so that it can be sent again, to servers that may refuse a request although
// they have got some of it (HTTP/2). Shares the bytes. What grows larger than a small body is let go, and so is one in
// many pieces, since each may hold a block. Part of an exchange.
class KeptBody {
 public:
  static constexpr size_t kMaxBytes = 64 * 1024;
  static constexpr size_t kMaxPieces = 16;

  // Keeps what is added from now on. Nothing was sent yet.
  void Begin() { keeps_ = true; }
  void Add(const buffer::Slice& piece) {
    if (!keeps_) return;
    size_ += piece.size();
    if (size_ > kMaxBytes || pieces_.size() == kMaxPieces) return Clear();
    pieces_.push_back(piece);
  }
  // All that was sent is here.
  bool whole() const { return keeps_; }
  bool empty() const { return pieces_.empty(); }
  void SendTo(http::ClientStream& stream) const {
    for (const buffer::Slice& piece : pieces_) stream.SendData(piece);
  }
  // Lets go of it, and keeps no more.
  void Clear() {
    keeps_ = false;
    size_ = 0;
    pieces_.clear();
  }

 private:
  std::vector<buffer::Slice> pieces_;
  size_t size_ = 0;
  bool keeps_ = false;
};

}  // namespace fairlead::proxy
