#include "dataplane/access_log/file_destination.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairlead::access_log {
namespace {

constexpr mode_t kMode = 0640;

absl::Status Error(const std::string& what, int error) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Destination>> FileDestination::Open(const std::string& path) {
  std::unique_ptr<FileDestination> destination(new FileDestination(path));
  // ENXIO: a FIFO that nobody reads yet.
  if (const int error = destination->OpenPath(); error != 0 && error != ENXIO) return Error(path, error);
  return destination;
}

absl::StatusOr<std::unique_ptr<Destination>> FileDestination::OpenStream(int stream) {
  std::unique_ptr<FileDestination> destination(new FileDestination({}));
  struct stat status;
  if (fstat(stream, &status) != 0) return Error("the stream is closed", errno);
  if (!S_ISREG(status.st_mode)) {
    // O_NONBLOCK belongs to what was opened, which others share: the shell, the other stream. So it is opened anew.
    const std::string self = absl::StrCat("/proc/self/fd/", stream);
    destination->fd_.Reset(open(self.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (destination->fd_.valid()) return destination;
    destination->mode_ = S_ISSOCK(status.st_mode) ? Mode::kSocket : Mode::kBlocking;
  }
  // A regular file is not opened anew: whoever else writes to it shares the place where it is written.
  destination->fd_.Reset(fcntl(stream, F_DUPFD_CLOEXEC, 0));
  if (!destination->fd_.valid()) return Error("the stream can't be duplicated", errno);
  return destination;
}

int FileDestination::OpenPath() {
  base::UniqueFd fd(open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, kMode));
  if (!fd.valid()) return errno;
  fd_ = std::move(fd);
  written_of_line_ = 0;
  return 0;
}

absl::Status FileDestination::Reopen() {
  if (path_.empty()) return absl::OkStatus();
  if (const int error = OpenPath(); error != 0) return Error(path_, error);
  return absl::OkStatus();
}

Destination::Result FileDestination::Write(std::string_view lines) {
  Result result;
  if (!fd_.valid()) result.error = OpenPath();
  if (result.error != 0) return result;
  const ssize_t written = WriteSome(lines.substr(written_of_line_));
  if (written < 0) {
    result.error = errno;
    if (result.error == EPIPE && !path_.empty()) {
      // The FIFO's reader has gone; the next one begins with a whole line.
      fd_.Reset();
      written_of_line_ = 0;
    }
  } else {
    const std::string_view done = lines.substr(0, written_of_line_ + written);
    result.taken = done.rfind('\n') + 1;  // npos + 1: no line is whole
    result.lines = std::count(done.begin(), done.begin() + result.taken, '\n');
    written_of_line_ = done.size() - result.taken;
  }
  result.mid_line = written_of_line_ > 0;
  return result;
}

ssize_t FileDestination::WriteSome(std::string_view bytes) {
  if (mode_ == Mode::kSocket) return send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (mode_ == Mode::kBlocking) {
    pollfd room{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
    if (poll(&room, 1, 0) == 0) {
      errno = EAGAIN;
      return -1;
    }
    bytes = bytes.substr(0, PIPE_BUF);
  }
  return write(fd_.get(), bytes.data(), bytes.size());
}

}  // namespace fairlead::access_log
