#include "dataplane/persistence/file_writer.h"

#include <cerrno>
#include <string>
#include <utility>

#include "dataplane/persistence/frames.h"

namespace fairlead::persistence {

absl::StatusOr<FileWriter> FileWriter::Open(const SystemCalls& calls, int directory, const char* name,
                                            uint64_t good_bytes, uint32_t checksum) {
  base::UniqueFd fd(calls.open(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "open");
  if (calls.truncate(fd.get(), static_cast<off_t>(good_bytes)) != 0) return absl::ErrnoToStatus(errno, "truncate");
  if (lseek(fd.get(), 0, SEEK_END) < 0) return absl::ErrnoToStatus(errno, "seek");
  return FileWriter(calls, std::move(fd), good_bytes, checksum);
}

absl::StatusOr<FileWriter> FileWriter::Create(const SystemCalls& calls, int directory, const char* name) {
  base::UniqueFd fd(calls.open(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "open");
  return FileWriter(calls, std::move(fd), 0, 0);
}

absl::Status FileWriter::Write(const SystemCalls& calls, int directory, const char* name, std::string_view bytes) {
  absl::StatusOr<FileWriter> file = Create(calls, directory, name);
  if (!file.ok()) return file.status();
  absl::Status status = file->Write(bytes);
  if (status.ok()) status = file->Sync();
  if (!status.ok()) unlinkat(directory, name, 0);  // half a file needs room as well
  return status;
}

absl::StatusOr<FileWriter> FileWriter::Make(const SystemCalls& calls, int directory, const char* name,
                                            const Image& image) {
  absl::StatusOr<FileWriter> file = Create(calls, directory, name);
  if (!file.ok()) return file.status();
  std::string bytes = MakeHeader();
  FrameWriter frames(ChecksumOf(bytes));
  absl::Status status;
  image.Write([&](FrameType type, std::string_view payload) {
    if (!status.ok()) return;
    frames.Append(type, payload, bytes);
    status = file->Write(bytes);
    file->size_ += bytes.size();
    bytes.clear();
  });
  if (status.ok()) status = file->Sync();
  if (!status.ok()) {
    unlinkat(directory, name, 0);
    return status;
  }
  file->checksum_ = frames.checksum();
  return file;
}

absl::Status FileWriter::Sync() {
  return calls_->sync(fd_.get()) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "sync");
}

absl::Status FileWriter::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = calls_->write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, "write");
    if (written == 0) return absl::UnavailableError("write: nothing was written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status FileWriter::Append(std::string_view bytes, uint32_t checksum) {
  if (absl::Status status = Write(bytes); !status.ok()) {
    sound_ = calls_->truncate(fd_.get(), static_cast<off_t>(size_)) == 0 && lseek(fd_.get(), 0, SEEK_END) >= 0;
    return status;
  }
  // What was written and can't be synced may be on the disk, or lost though the kernel still shows it.
  if (calls_->sync(fd_.get()) != 0) {
    sound_ = false;
    return absl::ErrnoToStatus(errno, "sync");
  }
  size_ += bytes.size();
  checksum_ = checksum;
  return absl::OkStatus();
}

}  // namespace fairlead::persistence
