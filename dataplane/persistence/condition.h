#pragma once

#include <cstdint>
#include <string>

namespace fairlead::persistence {

// How saving fares.
struct Condition {
  // Nothing has been said yet: the rest means nothing.
  bool is_known = false;
  // The last record that is on the disk, and its revision or the last one before it.
  uint64_t saved_number = 0;
  uint64_t saved_revision = 0;
  // Files that hold them, of two, and the bytes of both.
  int good_copies = 0;
  // Of those: that could be written the last time.
  int writable_copies = 0;
  uint64_t bytes = 0;
  // Nothing can be written now.
  bool is_stuck = false;
  // Since the start: times that something could not be written, and files that were written anew.
  uint64_t failures = 0;
  uint64_t rewrites = 0;
  // Why a file can't be written now; empty: both can.
  std::string error;
};

}  // namespace fairlead::persistence
