#include "api/yaml/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "api/yaml/concat.h"

namespace fairlead::api {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;

absl::Status Refuse(std::string_view path, std::string_view why) {
  return absl::InvalidArgumentError(Concat("can't read \"", path, "\": ", why));
}

absl::StatusOr<std::string> ReadRegularFile(int fd, const std::string& path) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Refuse(path, std::generic_category().message(errno));
  if (!S_ISREG(status.st_mode)) return Refuse(path, "not a regular file");
  // One byte more than is allowed tells that there is too much, even if the file grows meanwhile.
  std::string contents(kMaxBytes + 1, '\0');
  size_t size = 0;
  while (size < contents.size()) {
    const ssize_t count = read(fd, contents.data() + size, contents.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Refuse(path, std::generic_category().message(errno));
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size > kMaxBytes) return Refuse(path, Concat("larger than ", kMaxBytes, " bytes"));
  contents.resize(size);
  return contents;
}

}  // namespace

absl::StatusOr<std::string> ReadSourceFile(std::string_view base_directory, std::string_view path) {
  if (path.empty()) return Refuse(path, "no file is named");
  if (base_directory.empty()) return Refuse(path, "files can't be named here");
  const std::string whole_path = (std::filesystem::path(base_directory) / path).lexically_normal().string();
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const int fd = open(whole_path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Refuse(whole_path, std::generic_category().message(errno));
  absl::StatusOr<std::string> contents = ReadRegularFile(fd, whole_path);
  close(fd);
  return contents;
}

}  // namespace fairlead::api
