#include "dataplane/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

namespace fairlead::base {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesWhatItOwns) {
  int fd;
  {
    const UniqueFd owner(dup(0));
    fd = owner.get();
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFd, MovingPassesOnTheOwnership) {
  UniqueFd first(dup(0));
  const int fd = first.get();
  UniqueFd second(dup(0));
  const int replaced = second.get();
  second = std::move(first);
  EXPECT_FALSE(first.valid());
  EXPECT_EQ(second.get(), fd);
  EXPECT_FALSE(IsOpen(replaced));
  const UniqueFd third(std::move(second));
  EXPECT_TRUE(IsOpen(third.get()));
}

TEST(UniqueFd, ReleaseLeavesTheDescriptorOpen) {
  UniqueFd owner(dup(0));
  const int fd = owner.Release();
  owner.Reset();
  EXPECT_TRUE(IsOpen(fd));
  close(fd);
}

}  // namespace
}  // namespace fairlead::base
