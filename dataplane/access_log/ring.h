#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace fairlead::access_log {

// Lines on their way from one worker to the writer: bytes in a ring, whole lines alone, each in one piece. One thread
// pushes, another takes; neither ever waits for the other.
class Ring {
 public:
  // `capacity` is a power of two, at least twice the longest line.
  explicit Ring(size_t capacity);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // For the one who pushes: adds a line, which ends with its only LF and holds no NUL. False: it does not fit, and
  // nothing was done.
  bool Push(std::string_view line);

  // For the one who takes: some of the lines that are there, the oldest ones first; empty: there is none. Valid until
  // Consume.
  std::string_view Lines();
  // Frees the first `size` bytes of what Lines gave.
  void Consume(size_t size);

  size_t capacity() const { return mask_ + 1; }

 private:
  const size_t mask_;
  const std::unique_ptr<char[]> bytes_;
  // Positions only grow; a byte's place is its position & mask_. A line that does not fit in front of the ring's end
  // begins at its start; the room that it leaves is filled with NULs.
  alignas(64) std::atomic<uint64_t> tail_ = 0;  // up to here lines are there; written by the one who pushes
  uint64_t known_head_ = 0;                     // head_ as of the last look
  alignas(64) std::atomic<uint64_t> head_ = 0;  // from here on; written by the one who takes
};

}  // namespace fairlead::access_log
