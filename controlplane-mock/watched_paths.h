#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace fairlead::controlplane_mock {

// What is of interest in one directory.
struct WatchedNames {
  // Names whose coming, going or replacement may lead a path elsewhere: files, links and directories on the way.
  std::set<std::string> names{};
  // Also any "*.yaml" that is not hidden.
  bool yaml_files = false;
  // Files that are written in this directory matter, not only names.
  bool contents = false;

  bool Concerns(const std::string& name) const;
};

// Where a change can touch what the paths (files, or directories of *.yaml) lead to: every directory on the way to
// them, through every symbolic link, by its real path, with the names that matter in it. A path that leads nowhere is
// followed as far as it goes.
std::map<std::string, WatchedNames> FindWatchedPaths(const std::vector<std::string>& paths);

}  // namespace fairlead::controlplane_mock
