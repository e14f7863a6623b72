#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::admin {

// A text that is made while it is sent, piece by piece: neither its size nor the time that a piece takes grows with the
// fleet. Owned by the connection that sends it, on the control thread.
class Page {
 public:
  // Where a piece ends once it has so many bytes, or has looked at so many servers.
  static constexpr size_t kPieceBytes = size_t{64} * 1024;
  static constexpr int kPieceServers = 1024;

  virtual ~Page() = default;

  // The next piece, valid until the next call; empty at the end of the text.
  virtual std::string_view NextPiece() = 0;
};

}  // namespace fairlead::admin
