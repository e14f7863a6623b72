#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/watched_paths.h"

struct inotify_event;

namespace fairlead::controlplane_mock {

// Notices when what some paths lead to has changed, however it was changed: written in place, renamed over (as editors
// do), or by a link on the way that leads elsewhere now (as Kubernetes does with a ConfigMap). A file that somebody has
// begun to write is not ready before it is closed: there is no guessing by time. (So a program that keeps its file open
// for writing is not noticed until it closes it.)
//
//   watcher->Poll();                 // when fd() is readable
//   while (watcher->ready()) {
//     watcher->Begin();
//     … read the files …
//     watcher->Poll();
//     if (!watcher->changed()) … use what was read …
//   }
//
// Owned by the Application, for its thread.
class FileWatcher {
 public:
  // How long a file that vanished may take to come back.
  static constexpr std::chrono::milliseconds kVanishingTime{200};

  // Watches files, and directories of *.yaml. Nothing has changed at first. Errors: what inotify says.
  static absl::StatusOr<std::unique_ptr<FileWatcher>> Create(std::vector<std::string> paths);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // Readable when there is something to Poll.
  int fd() const { return fd_; }
  // Takes in what happened, without waiting.
  void Poll(TimePoint now);
  // Something has changed since the last Begin.
  bool changed() const { return changed_; }
  // … and everything is settled.
  bool ready(TimePoint now) const { return changed_ && NextDeadline() <= now; }
  // When what has changed is settled if nothing further happens: TimePoint::min() for now, max() for never.
  TimePoint NextDeadline() const;
  // What happens from here on counts as a new change.
  void Begin();

 private:
  FileWatcher(int fd, std::vector<std::string> paths) : fd_(fd), paths_(std::move(paths)) {}

  // Watches where the paths lead now.
  void LayWatches();
  void OnEvent(const inotify_event& event, TimePoint now);

  struct Watch {
    std::string directory{};
    WatchedNames of_interest{};
  };

  const int fd_;
  const std::vector<std::string> paths_;
  std::map<int, Watch> watches_;  // by inotify's watch descriptor
  // Files by watch and name, and when they are settled at the latest.
  std::map<std::pair<int, std::string>, TimePoint> unsettled_;
  bool changed_ = false;
};

}  // namespace fairlead::controlplane_mock
