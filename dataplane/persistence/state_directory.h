#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "dataplane/base/unique_fd.h"

namespace fairlead::persistence {

// The directory of --state_dir, held by this process alone for as long as this object lives.
class StateDirectory {
 public:
  // The directory is there, belongs to this user or root, and others can't write to it; no other process holds it. Else
  // an error that says so. Makes a file `lock` in it, with this process's number.
  static absl::StatusOr<StateDirectory> Open(const std::string& path);

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

  // All of a file. NOT_FOUND: there is none.
  absl::StatusOr<std::string> Read(const char* name) const;
  // Gives a file another name, for people to look at; nothing where that can't be.
  void PutAside(const char* name, const std::string& new_name) const;

 private:
  StateDirectory(std::string path, base::UniqueFd fd, base::UniqueFd lock)
      : path_(std::move(path)), fd_(std::move(fd)), lock_(std::move(lock)) {}

  std::string path_;
  base::UniqueFd fd_;
  base::UniqueFd lock_;
};

}  // namespace fairlead::persistence
