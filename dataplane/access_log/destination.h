#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace fairlead::access_log {

// Where lines go. The writer's, on its thread alone once it runs. Nothing here waits.
class Destination {
 public:
  struct Result {
    size_t taken = 0;    // bytes of whole lines that are done with, from the beginning on
    uint64_t lines = 0;  // of them, written
    uint64_t unfit = 0;  // of them, not written, since no other time would be better
    int error = 0;       // errno of what kept it from taking all; 0: ask again at once, EAGAIN: when fd() is writable
    bool mid_line = false;  // of the line behind them a part is written: the same line has to come first next time
  };

  virtual ~Destination() = default;

  // Writes some of `lines`, each of which ends with LF.
  virtual Result Write(std::string_view lines) = 0;
  // Begins anew at the place where the last one was begun, where the name of that place may mean another by now; a line
  // that was written in part comes whole again. Errors: the old one stays.
  virtual absl::Status Reopen() = 0;
  // -1: there is none just now.
  virtual int fd() const = 0;
};

}  // namespace fairlead::access_log
