#include "dataplane/net/socket_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace fairlead::net {

SocketFile::SocketFile(std::string_view path)
    : path_(path), file_(open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)) {}

SocketFile::SocketFile(SocketFile&& other) noexcept : path_(std::move(other.path_)), file_(std::move(other.file_)) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}

void SocketFile::SetMode(mode_t mode) {
  if (IsOurs()) chmod(path_.c_str(), mode);
}

void SocketFile::Remove() {
  if (IsOurs()) unlink(path_.c_str());
  file_.Reset();
}

bool SocketFile::IsOurs() const {
  struct stat ours, there;
  return file_.valid() && fstat(file_.get(), &ours) == 0 && lstat(path_.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace fairlead::net
