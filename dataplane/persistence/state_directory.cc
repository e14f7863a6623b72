#include "dataplane/persistence/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "dataplane/base/absl_strings.h"

namespace fairlead::persistence {
namespace {

constexpr const char kLock[] = "lock";

std::string TextOf(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  std::string words(text, size > 0 ? static_cast<size_t>(size) : 0);
  return words.substr(0, words.find('\n'));
}

absl::Status CheckDirectory(int fd, const std::string& path) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return absl::ErrnoToStatus(errno, path);
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return absl::PermissionDeniedError(base::StrCat(path, ": belongs to another user"));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::PermissionDeniedError(base::StrCat(path, ": others can write to it: want mode 0700"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StateDirectory> StateDirectory::Open(const std::string& path) {
  base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) {
    return absl::NotFoundError(base::StrCat(path, ": no such directory; make it, with mode 0700"));
  }
  if (!fd.valid()) return absl::ErrnoToStatus(errno, path);
  if (absl::Status status = CheckDirectory(fd.get(), path); !status.ok()) return status;
  base::UniqueFd lock(openat(fd.get(), kLock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return absl::ErrnoToStatus(errno, base::StrCat(path, "/", kLock));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return absl::ErrnoToStatus(errno, base::StrCat(path, "/", kLock));
    const std::string holder = TextOf(lock.get());
    return absl::UnavailableError(base::StrCat(path, ": another process holds it", holder.empty() ? "" : ": ", holder));
  }
  // For people alone: that it can't be written on a full disk does no harm.
  const std::string words = base::StrCat(getpid(), "\n");
  if (ftruncate(lock.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(lock.get(), words.data(), words.size(), 0);
  }
  return StateDirectory(path, std::move(fd), std::move(lock));
}

absl::StatusOr<std::string> StateDirectory::Read(const char* name) const {
  const std::string place = base::StrCat(path_, "/", name);
  const base::UniqueFd file(openat(fd_.get(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return absl::ErrnoToStatus(errno, place);
  struct stat status = {};
  if (fstat(file.get(), &status) != 0) return absl::ErrnoToStatus(errno, place);
  if (!S_ISREG(status.st_mode)) return absl::DataLossError(base::StrCat(place, ": is no file"));
  std::string text(static_cast<size_t>(status.st_size), '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t read = pread(file.get(), text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return absl::ErrnoToStatus(errno, place);
    if (read == 0) break;  // it has become shorter
    size += static_cast<size_t>(read);
  }
  text.resize(size);
  return text;
}

void StateDirectory::PutAside(const char* name, const std::string& new_name) const {
  renameat(fd_.get(), name, fd_.get(), new_name.c_str());
}

}  // namespace fairlead::persistence
