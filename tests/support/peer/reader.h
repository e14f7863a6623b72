#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/peer/head.h"
#include "tests/support/peer/socket.h"

namespace fairlead::peer {

// Takes heads and bodies off one connection. Of one thread; the socket must outlive it.
class Reader {
 public:
  explicit Reader(const Socket* socket) : socket_(socket) {}

  // The next head with its empty line, unparsed. OUT_OF_RANGE: the other side closed without a byte of it; DATA_LOSS:
  // it closed or reset inside; INVALID_ARGUMENT: no end within 128 KiB.
  absl::StatusOr<std::string> ReadHead();

  // At least one byte, however many there are; 0: closed.
  absl::StatusOr<size_t> Read(std::span<char> into);

  // A line without its CRLF, of at most 8 KiB.
  absl::StatusOr<std::string> ReadLine();

  // Whether bytes have come that nobody has asked for yet.
  bool HasBuffered() const { return begin_ != end_; }

 private:
  // Puts more behind what is buffered; false: closed.
  absl::StatusOr<bool> Fill();
  std::string_view Buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }

  const Socket* socket_;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::array<char, 128 * 1024> buffer_;
};

// One body, piece by piece.
class BodyReader {
 public:
  BodyReader(Reader* reader, Framing framing) : reader_(reader), framing_(framing), left_(framing.length) {}

  // The next bytes of the body; 0: it has ended as it should. DATA_LOSS when the connection ended first,
  // INVALID_ARGUMENT for chunks that are none.
  absl::StatusOr<size_t> Read(std::span<char> into);

  // Complete once Read has returned 0.
  const std::vector<Field>& trailers() const { return trailers_; }

 private:
  absl::Status BeginChunk();

  Reader* reader_;
  Framing framing_;
  uint64_t left_;  // of the body with kLength, of the chunk with kChunked
  bool inside_chunk_ = false;
  bool ended_ = false;
  std::vector<Field> trailers_;
};

}  // namespace fairlead::peer
