#include "dataplane/server/machine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace fairlead::server {
namespace {

// A machine made of files.
class MachineTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  const std::string root_ =
      ::testing::TempDir() + "/machine-" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(MachineTest, WithoutControlGroupsItIsTheMachinesMemory) {
  Write("/proc/meminfo", "MemTotal:        8000000 kB\nMemFree:          100 kB\n");
  EXPECT_EQ(MemoryLimitBytes(root_), uint64_t{8'000'000} * 1024);
}

TEST_F(MachineTest, TheTightestGroupOnTheWayUpCounts) {
  Write("/proc/meminfo", "MemTotal: 8000000 kB\n");
  Write("/proc/self/cgroup", "1:name=systemd:/x\n0::/slice/service\n");
  Write("/sys/fs/cgroup/slice/service/memory.max", "max\n");
  EXPECT_EQ(MemoryLimitBytes(root_), uint64_t{8'000'000} * 1024);
  Write("/sys/fs/cgroup/slice/memory.max", "1000000000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 1'000'000'000u);
  Write("/sys/fs/cgroup/slice/service/memory.max", "2000000000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 1'000'000'000u);
  Write("/sys/fs/cgroup/slice/service/memory.max", "500000000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 500'000'000u);
}

TEST_F(MachineTest, InAContainerTheOwnGroupIsTheRoot) {
  Write("/proc/meminfo", "MemTotal: 8000000 kB\n");
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/memory.max", "300000000\n");
  EXPECT_EQ(MemoryLimitBytes(root_), 300'000'000u);
}

TEST_F(MachineTest, NothingTold) { EXPECT_EQ(MemoryLimitBytes(root_), 0u); }

TEST(Machine, RaisesTheLimitOfDescriptors) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit low = {.rlim_cur = limit.rlim_max / 2, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  RaiseDescriptorLimit();
  rlimit raised = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &raised), 0);
  EXPECT_EQ(raised.rlim_cur, limit.rlim_max);
}

TEST(Machine, KeepsAPartOfTheDescriptors) {
  EXPECT_EQ(DescriptorCeiling(64), 56);
  EXPECT_EQ(DescriptorCeiling(256), 224);
  EXPECT_EQ(DescriptorCeiling(1'000'000), 1'000'000 - 64);
}

}  // namespace
}  // namespace fairlead::server
