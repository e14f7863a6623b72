#pragma once

#include <cstddef>

#include "dataplane/access_log/entry.h"
#include "dataplane/access_log/timestamp.h"
#include "dataplane/config/access_log.h"

namespace fairlead::access_log {

// Longer lines than this do not come about: texts are cut before. Most are 700 bytes.
inline constexpr size_t kMaxLineBytes = 256 * 1024;

// What is left of texts, in bytes when escaped: of paths, and of any other.
inline constexpr size_t kMaxPathBytes = 16 * 1024;
inline constexpr size_t kMaxTextBytes = 2 * 1024;

// Turns entries into lines. One worker's, on its thread alone; allocates nothing.
class Formatter {
 public:
  // Writes the line, its LF at the end and no other, no NUL, at `out`, which has kMaxLineBytes, and returns its end.
  char* Format(const config::AccessLog& log, const Entry& entry, char* out);

 private:
  Timestamp timestamp_;
};

}  // namespace fairlead::access_log
