#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::http::h2 {

// A frame's header (RFC 9113 §4.1), and of PRIORITY, whose use ended with RFC 9113, the stream that it names.
struct FrameHeader {
  uint32_t length;
  uint8_t type;
  uint8_t flags;
  uint32_t stream;
  uint32_t parent = 0;
};

// Finds the frames in what a client sends, in pieces of any size, without looking into them: for what nghttp2 passes
// over in silence. 48 bytes and a few instructions a frame. Part of a connection.
class FrameScanner {
 public:
  // What comes before the first frame (RFC 9113 §3.4).
  static constexpr size_t kPrefaceSize = 24;

  // Calls `visit(header)` with each frame that begins in `bytes`, once its header is complete, until that is false.
  template <typename Visit>
  void Scan(std::string_view bytes, Visit visit) {
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const size_t n = std::min(skip_, bytes.size());
        bytes.remove_prefix(n);
        skip_ -= n;
        continue;
      }
      const size_t n = std::min(needed_ - size_, bytes.size());
      std::copy_n(bytes.data(), n, bytes_.data() + size_);
      size_ += n;
      bytes.remove_prefix(n);
      if (size_ < needed_) return;
      const FrameHeader header = Read();
      if (needed_ == kHeaderSize && header.type == kPriority && header.length >= kParentSize) {
        needed_ += kParentSize;
        continue;
      }
      skip_ = kHeaderSize + header.length - needed_;
      size_ = 0;
      needed_ = kHeaderSize;
      if (!visit(header)) return;
    }
  }

 private:
  static constexpr size_t kHeaderSize = 9;
  static constexpr size_t kParentSize = 4;
  static constexpr uint8_t kPriority = 2;

  uint32_t Byte(size_t offset) const { return static_cast<uint8_t>(bytes_[offset]); }
  // Of a stream: 31 bits.
  uint32_t Number(size_t offset) const {
    return (Byte(offset) & 0x7f) << 24 | Byte(offset + 1) << 16 | Byte(offset + 2) << 8 | Byte(offset + 3);
  }
  FrameHeader Read() const {
    FrameHeader header{.length = Byte(0) << 16 | Byte(1) << 8 | Byte(2),
                       .type = static_cast<uint8_t>(Byte(3)),
                       .flags = static_cast<uint8_t>(Byte(4)),
                       .stream = Number(5)};
    if (needed_ > kHeaderSize) header.parent = Number(kHeaderSize);
    return header;
  }

  std::array<char, kHeaderSize + kParentSize> bytes_;
  size_t size_ = 0;
  size_t needed_ = kHeaderSize;
  size_t skip_ = kPrefaceSize;
};

}  // namespace fairlead::http::h2
