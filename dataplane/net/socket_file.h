#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "dataplane/base/unique_fd.h"

namespace fairlead::net {

// The file of a unix socket that this program listens on: removed when this object is destroyed, unless another program
// has put something else in its place by then. Movable; empty for addresses that have no file.
class SocketFile {
 public:
  SocketFile() = default;
  // The file that bind has just made at `path`.
  explicit SocketFile(std::string_view path);
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile() { Remove(); }

  // False for an empty one, and where there was no descriptor left to know the file by.
  bool valid() const { return file_.valid(); }

  // Gives the file these permissions. Nothing where it is not ours any more.
  void SetMode(mode_t mode);
  // Removes the file now. Connections that wait to be accepted are not lost by it.
  void Remove();

 private:
  // Whether the path still leads to the file that bind made.
  bool IsOurs() const;

  std::string path_;
  // Of the file itself (O_PATH): while it is open, no other file can have the same inode.
  base::UniqueFd file_;
};

}  // namespace fairlead::net
