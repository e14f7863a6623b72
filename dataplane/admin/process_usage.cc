#include "dataplane/admin/process_usage.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

namespace fairlead::admin {

namespace {

double ToSeconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

uint64_t CountEntries(const char* directory) {
  DIR* entries = opendir(directory);
  if (entries == nullptr) return 0;
  uint64_t count = 0;
  while (readdir(entries) != nullptr) ++count;
  closedir(entries);
  return count - 3;  // ".", ".." and the directory itself
}

// When the machine started, in seconds since 1970.
double ReadBootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

// When this process started, in seconds after the machine did: the field `starttime` of proc(5).
double ReadStartAfterBoot() {
  std::ifstream file("/proc/self/stat");
  // The second field, the program's name in parentheses, may hold anything; it ends at the last parenthesis, and the
  // fields behind it are numbers and one letter.
  std::string line;
  std::getline(file, line);
  size_t start = line.rfind(')');
  constexpr int kFieldsUntilStartTime = 20;
  for (int i = 0; i < kFieldsUntilStartTime && start != line.npos; ++i) start = line.find(' ', start + 1);
  if (start == line.npos) return 0;
  return std::strtod(line.c_str() + start, nullptr) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUsage ReadProcessUsage() {
  ProcessUsage usage;
  rusage resources = {};
  if (getrusage(RUSAGE_SELF, &resources) == 0) {
    usage.cpu_seconds = ToSeconds(resources.ru_utime) + ToSeconds(resources.ru_stime);
  }
  rlimit descriptors = {};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) usage.max_fds = descriptors.rlim_cur;
  usage.open_fds = CountEntries("/proc/self/fd");
  usage.start_time_seconds = ReadBootTime() + ReadStartAfterBoot();

  const auto page_size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream memory("/proc/self/statm");
  uint64_t virtual_pages = 0;
  uint64_t resident_pages = 0;
  if (memory >> virtual_pages >> resident_pages) {
    usage.virtual_memory_bytes = virtual_pages * page_size;
    usage.resident_memory_bytes = resident_pages * page_size;
  }
  return usage;
}

}  // namespace fairlead::admin
