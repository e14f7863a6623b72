#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/system_calls.h"

namespace fairlead::persistence {

// A file of state that is appended to. For one thread at a time; `calls` outlives it.
class FileWriter {
 public:
  // Goes on behind the whole records of a file that is there (StateFile); the rest of it is cut off.
  static absl::StatusOr<FileWriter> Open(const SystemCalls& calls, int directory, const char* name, uint64_t good_bytes,
                                         uint32_t checksum);
  // Makes a file of these bytes, in the place of any that has the name, and syncs it.
  static absl::Status Write(const SystemCalls& calls, int directory, const char* name, std::string_view bytes);
  // Makes a new file, in the place of any that has the name, and syncs it. It says what the image does.
  static absl::StatusOr<FileWriter> Make(const SystemCalls& calls, int directory, const char* name, const Image& image);

  // Writes frames that end in an entry behind what is there, and syncs. After an error the file ends where it did
  // before; where that can't be said for sure, it is not sound any more and good for nothing.
  absl::Status Append(std::string_view bytes, uint32_t checksum);
  bool sound() const { return sound_; }

  // What the next frame's checksum goes on from.
  uint32_t checksum() const { return checksum_; }
  uint64_t size() const { return size_; }

 private:
  FileWriter(const SystemCalls& calls, base::UniqueFd fd, uint64_t size, uint32_t checksum)
      : calls_(&calls), fd_(std::move(fd)), size_(size), checksum_(checksum) {}

  static absl::StatusOr<FileWriter> Create(const SystemCalls& calls, int directory, const char* name);
  absl::Status Write(std::string_view bytes);
  absl::Status Sync();

  const SystemCalls* calls_;
  base::UniqueFd fd_;
  uint64_t size_;
  uint32_t checksum_;
  bool sound_ = true;
};

}  // namespace fairlead::persistence
