#include "dataplane/server/machine.h"

#include <sys/resource.h>

#include <algorithm>
#include <climits>
#include <fstream>

namespace fairlead::server {
namespace {

uint64_t MachinesMemoryBytes(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  for (std::string word; file >> word;) {
    uint64_t kibibytes = 0;
    if (word == "MemTotal:" && file >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

// The process's own control group: a path that begins with '/', from the line of version 2 ("0::/a/b").
std::string ControlGroup(const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 3, "0::") == 0) return line.substr(3);
  }
  return "";
}

}  // namespace

uint64_t MemoryLimitBytes(const std::string& root) {
  uint64_t limit = MachinesMemoryBytes(root);
  // Each group is held to its own limit and to those above it.
  for (std::string group = ControlGroup(root); !group.empty(); group.erase(group.rfind('/'))) {
    std::ifstream file(root + "/sys/fs/cgroup" + group + "/memory.max");
    uint64_t group_limit = 0;  // or the word "max"
    if (file >> group_limit) limit = limit == 0 ? group_limit : std::min(limit, group_limit);
  }
  return limit;
}

int RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = raised.rlim_cur;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, INT_MAX));
}

int LeastDescriptors(int workers) { return 40 + 8 * workers; }

int DescriptorCeiling(int limit) { return limit - std::clamp(limit / 8, 8, 64); }

}  // namespace fairlead::server
