#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

namespace fairlead::persistence {

// What writing needs of the system: the system's own, or what refuses as a disk might.
struct SystemCalls {
  std::function<int(int directory, const char* name, int flags, mode_t mode)> open =
      [](int directory, const char* name, int flags, mode_t mode) { return ::openat(directory, name, flags, mode); };
  std::function<ssize_t(int fd, const void* bytes, size_t size)> write = ::write;
  std::function<int(int fd)> sync = ::fsync;
  std::function<int(int fd, off_t size)> truncate = ::ftruncate;
  std::function<int(int directory, const char* from, const char* to)> rename =
      [](int directory, const char* from, const char* to) { return ::renameat(directory, from, directory, to); };
};

}  // namespace fairlead::persistence
