#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fairlead::persistence {

// A file of state: a header of 24 bytes, then frames up to its end. Numbers are little-endian.
//
//   header  "FAIRLEAD", the version (4 bytes), 8 random bytes, CRC-32C of these 20
//   frame   the payload's length (4), CRC-32C (4), the type (1), the payload
//
// A checksum goes on from the one before it, and so from the header's random bytes: a frame is good only where it was
// written, behind the frames that it was written behind. What an earlier file left on the disk is never taken for one.
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 24;

enum class FrameType : uint8_t {
  kChange = 1,   // v1::Transaction: operations, or a snapshot
  kAnswers = 2,  // Answers
  kEntry = 3,    // Entry
  // Of a file of votes.
  kVotes = 4,  // Votes
  kVotesEnd = 5,
  // Of a file of history.
  kRevision = 6,  // Revision
  kHistoryEnd = 7,
};

// The beginning of a file; its checksum is what the first frame's goes on from.
std::string MakeHeader(uint64_t random);
// The same, of a file that is no other's: what an earlier one left on the disk is none of its frames.
std::string MakeHeader();

// Makes frames of one file, each behind the one before.
class FrameWriter {
 public:
  // `checksum`: the last one in the file, the header's among them.
  explicit FrameWriter(uint32_t checksum) : checksum_(checksum) {}

  void Append(FrameType type, std::string_view payload, std::string& file);
  uint32_t checksum() const { return checksum_; }

 private:
  uint32_t checksum_;
};

// Reads the frames of a file's text, which outlives the reader.
class FrameReader {
 public:
  // DATA_LOSS: it does not begin with a whole header. FAILED_PRECONDITION: a later version of this program wrote it.
  static absl::StatusOr<FrameReader> Open(std::string_view file);

  struct Frame {
    FrameType type;
    std::string_view payload;
  };
  // Nothing: there are no more, or the next one is damaged.
  std::optional<Frame> Next();

  // Where the next frame begins; at the end of the file, if none is damaged.
  size_t position() const { return position_; }
  bool at_end() const { return position_ == file_.size(); }
  // Of the last frame, or the header.
  uint32_t checksum() const { return checksum_; }

 private:
  FrameReader(std::string_view file, size_t position, uint32_t checksum)
      : file_(file), position_(position), checksum_(checksum) {}

  std::string_view file_;
  size_t position_;
  uint32_t checksum_;
};

// Of MakeHeader's text.
uint32_t ChecksumOf(std::string_view header);

}  // namespace fairlead::persistence
