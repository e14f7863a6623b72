#include "controlplane-mock/watched_paths.h"

#include <filesystem>
#include <list>
#include <system_error>
#include <utility>

namespace fairlead::controlplane_mock {
namespace {

namespace fs = std::filesystem;

// As Linux: path_resolution(7).
constexpr int kMostLinks = 40;

bool IsYaml(const fs::path& name) { return name.extension() == ".yaml" && name.native().front() != '.'; }

std::list<fs::path> Components(const fs::path& path) {
  const fs::path relative = path.relative_path();
  return {relative.begin(), relative.end()};
}

class Walk {
 public:
  // Follows `path` (absolute) component by component; returns its real path, empty if it leads nowhere.
  fs::path Follow(const fs::path& path) {
    std::list<fs::path> left = Components(path);
    fs::path at = "/";
    int links = 0;
    while (!left.empty()) {
      const fs::path name = left.front();
      left.pop_front();
      if (name.empty() || name == ".") continue;
      if (name == "..") {
        at = at.parent_path();  // `at` has no links: its parent by name is its parent
        continue;
      }
      directories_[at].names.insert(name);
      std::error_code error;
      const fs::file_status status = fs::symlink_status(at / name, error);
      if (error || !fs::exists(status)) {
        directories_[at].contents |= left.empty();  // the file itself may come, and be written
        return {};
      }
      if (!fs::is_symlink(status)) {
        at /= name;
        continue;
      }
      const fs::path target = fs::read_symlink(at / name, error);
      if (error || ++links > kMostLinks) return {};
      left.splice(left.begin(), Components(target));
      if (target.is_absolute()) at = "/";
    }
    return at;
  }

  void Watch(const std::string& path) {
    const fs::path real = Follow(fs::absolute(path));
    if (real.empty()) return;
    std::error_code error;
    if (!fs::is_directory(real, error)) {
      directories_[real.parent_path()].contents = true;
      return;
    }
    directories_[real].yaml_files = true;
    directories_[real].contents = true;
    for (fs::directory_iterator entry(real, error), end; !error && entry != end; entry.increment(error)) {
      if (!IsYaml(entry->path().filename())) continue;
      const fs::path file = Follow(entry->path());
      if (!file.empty()) directories_[file.parent_path()].contents = true;
    }
  }

  std::map<std::string, WatchedNames> Result() && { return std::move(directories_); }

 private:
  std::map<std::string, WatchedNames> directories_;
};

}  // namespace

bool WatchedNames::Concerns(const std::string& name) const {
  return names.contains(name) || (yaml_files && IsYaml(name));
}

std::map<std::string, WatchedNames> FindWatchedPaths(const std::vector<std::string>& paths) {
  Walk walk;
  for (const std::string& path : paths) walk.Watch(path);
  return std::move(walk).Result();
}

}  // namespace fairlead::controlplane_mock
