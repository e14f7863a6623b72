#include "dataplane/admin/process_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "gtest/gtest.h"

namespace fairlead::admin {
namespace {

TEST(ProcessUsage, CountsOpenDescriptors) {
  const uint64_t before = ReadProcessUsage().open_fds;
  std::vector<int> descriptors(10);
  for (int& descriptor : descriptors) descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(ReadProcessUsage().open_fds, before + 10);
  for (int descriptor : descriptors) close(descriptor);
  EXPECT_EQ(ReadProcessUsage().open_fds, before);
  EXPECT_GE(ReadProcessUsage().max_fds, before);
}

TEST(ProcessUsage, SeesMemoryThatIsTouched) {
  const ProcessUsage before = ReadProcessUsage();
  EXPECT_GT(before.virtual_memory_bytes, before.resident_memory_bytes);
  const std::vector<char> memory(64 << 20, 'x');
  EXPECT_GT(ReadProcessUsage().resident_memory_bytes, before.resident_memory_bytes + (60 << 20)) << memory[1];
}

TEST(ProcessUsage, CpuTimeGrowsWithWork) {
  const double before = ReadProcessUsage().cpu_seconds;
  volatile uint64_t work = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ReadProcessUsage().cpu_seconds < before + 0.02 && std::chrono::steady_clock::now() < deadline) work = work + 1;
  EXPECT_GE(ReadProcessUsage().cpu_seconds, before + 0.02);
}

TEST(ProcessUsage, StartedAMomentAgo) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double started = ReadProcessUsage().start_time_seconds;
  EXPECT_LE(started, now + 1);  // the boot time is in whole seconds
  EXPECT_GT(started, now - 600);
}

}  // namespace
}  // namespace fairlead::admin
