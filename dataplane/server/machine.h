#pragma once

#include <cstdint>
#include <string>

namespace fairlead::server {

// What this process may have of the machine.

// The memory, in bytes: the machine's, or less where a control group (version 2, the process's own or one above it)
// says so. Reads /proc and /sys/fs/cgroup below `root`. 0 where they tell nothing.
uint64_t MemoryLimitBytes(const std::string& root = "");

// Raises the limit of open descriptors as far as it may be raised, and returns it.
int RaiseDescriptorLimit();

// How many descriptors a proxy of so many workers needs to start, and to serve a little.
int LeastDescriptors(int workers);

// Of so many descriptors, the number from which on they are kept for the control side, whatever clients and servers do:
// its sockets, its pages, the files that it reads.
int DescriptorCeiling(int limit);

}  // namespace fairlead::server
