#include "controlplane-mock/file_watcher.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "absl/status/status.h"

namespace fairlead::controlplane_mock {
namespace {

constexpr uint32_t kNameEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
constexpr uint32_t kContentEvents = IN_MODIFY | IN_CLOSE_WRITE;

// A regular file that has just been created has a writer, who will close it; one that came as a link to another has
// none.
bool HasItsWriter(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileWatcher>> FileWatcher::Create(std::vector<std::string> paths) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "inotify_init1");
  std::unique_ptr<FileWatcher> watcher(new FileWatcher(fd, std::move(paths)));
  watcher->LayWatches();
  return watcher;
}

FileWatcher::~FileWatcher() { close(fd_); }

void FileWatcher::Begin() {
  changed_ = false;
  LayWatches();
}

void FileWatcher::LayWatches() {
  std::map<int, Watch> laid;
  for (auto& [directory, of_interest] : FindWatchedPaths(paths_)) {
    const uint32_t mask = kNameEvents | (of_interest.contents ? kContentEvents : 0);
    const int watch = inotify_add_watch(fd_, directory.c_str(), mask);
    // Gone since it was found, or not to be read: a watch further up tells when that changes.
    if (watch >= 0) laid.emplace(watch, Watch{directory, std::move(of_interest)});
  }
  for (const auto& [watch, directory] : watches_) {
    if (laid.contains(watch)) continue;
    inotify_rm_watch(fd_, watch);
    std::erase_if(unsettled_, [&](const auto& file) { return file.first.first == watch; });
  }
  watches_ = std::move(laid);
}

TimePoint FileWatcher::NextDeadline() const {
  TimePoint latest = TimePoint::min();
  for (const auto& [file, deadline] : unsettled_) latest = std::max(latest, deadline);
  return latest;
}

void FileWatcher::Poll(TimePoint now) {
  alignas(inotify_event) char buffer[16 * 1024];
  for (;;) {
    const ssize_t size = read(fd_, buffer, sizeof buffer);
    if (size <= 0) return;
    for (const char* at = buffer; at < buffer + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      OnEvent(*event, now);
      at += sizeof(inotify_event) + event->len;
    }
  }
}

void FileWatcher::OnEvent(const inotify_event& event, TimePoint now) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {  // what was lost is not known
    unsettled_.clear();
    changed_ = true;
    return;
  }
  const auto watch = watches_.find(event.wd);
  if (watch == watches_.end()) return;
  if ((event.mask & IN_IGNORED) != 0) {  // the directory is gone
    std::erase_if(unsettled_, [&](const auto& file) { return file.first.first == event.wd; });
    watches_.erase(watch);
    changed_ = true;
    return;
  }
  const std::string name = event.len > 0 ? event.name : "";
  if (!watch->second.of_interest.Concerns(name)) return;
  changed_ = true;
  const std::pair<int, std::string> file{event.wd, name};
  if ((event.mask & IN_MODIFY) != 0 || ((event.mask & IN_CREATE) != 0 && watch->second.of_interest.contents &&
                                        HasItsWriter(watch->second.directory + "/" + name))) {
    unsettled_[file] = TimePoint::max();
  } else if ((event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
    unsettled_[file] = now + kVanishingTime;
  } else {
    unsettled_.erase(file);
  }
}

}  // namespace fairlead::controlplane_mock
