#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "dataplane/access_log/destination.h"
#include "dataplane/base/unique_fd.h"

namespace fairlead::access_log {

// A file, a FIFO, or one of the streams that the process was started with. Lines are appended whole: what a full disk
// or pipe cut comes before all else when there is room again.
class FileDestination final : public Destination {
 public:
  // Makes the file, readable by its group (0640), where there is none. A FIFO without a reader is tried again with each
  // Write. Errors: what open says, with the path.
  static absl::StatusOr<std::unique_ptr<Destination>> Open(const std::string& path);
  // Of standard output or standard error, whose blocking is left as it is for the others who use it. Errors: there is
  // none.
  static absl::StatusOr<std::unique_ptr<Destination>> OpenStream(int stream);

  Result Write(std::string_view lines) override;
  absl::Status Reopen() override;
  int fd() const override { return fd_.get(); }

 private:
  // How a write is kept from waiting.
  enum class Mode {
    kNonBlocking,  // the descriptor is, or is that of a regular file
    kSocket,       // by a flag of each call
    kBlocking,     // by asking first, and by writing no more than fits when a pipe says that something does
  };

  explicit FileDestination(std::string path) : path_(std::move(path)) {}
  // 0 or errno.
  int OpenPath();
  ssize_t WriteSome(std::string_view bytes);

  const std::string path_;  // empty: a stream
  Mode mode_ = Mode::kNonBlocking;
  base::UniqueFd fd_;
  size_t written_of_line_ = 0;  // bytes of the first line that are written already
};

}  // namespace fairlead::access_log
