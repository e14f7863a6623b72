#include "dataplane/net/socket_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "dataplane/net/address.h"

namespace fairlead::net {
namespace {

class SocketFileTest : public ::testing::Test {
 protected:
  SocketFileTest() {
    std::string name = "/tmp/fairlead-XXXXXX";  // short enough for a unix path
    directory_ = mkdtemp(name.data());
    path_ = directory_ + "/s";
  }
  ~SocketFileTest() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  // A socket bound to the path.
  base::UniqueFd Bind() const {
    const Address address = *Address::Parse("unix:" + path_);
    base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(fd.get(), address.get(), address.length()), 0);
    return fd;
  }
  bool Exists() const { return access(path_.c_str(), F_OK) == 0; }
  mode_t Mode() const {
    struct stat status = {};
    stat(path_.c_str(), &status);
    return status.st_mode & 07777;
  }

  std::string directory_;
  std::string path_;
};

TEST_F(SocketFileTest, GoesWithItsOwner) {
  const base::UniqueFd fd = Bind();
  {
    const SocketFile file(path_);
    EXPECT_TRUE(Exists());
  }
  EXPECT_FALSE(Exists());
}

TEST_F(SocketFileTest, MovesWithItsOwner) {
  const base::UniqueFd fd = Bind();
  SocketFile kept;
  {
    SocketFile file(path_);
    kept = std::move(file);
  }
  EXPECT_TRUE(Exists());
  const SocketFile last(std::move(kept));
  EXPECT_TRUE(Exists());
}

TEST_F(SocketFileTest, LeavesAnotherProgramsFileAlone) {
  for (int round = 0; round < 20; ++round) {  // inodes are given again
    base::UniqueFd fd = Bind();
    {
      SocketFile file(path_);
      // Another program finds nobody listening, and takes the place.
      fd.Reset();
      ASSERT_EQ(unlink(path_.c_str()), 0);
      fd = Bind();
      const mode_t mode = Mode();
      file.SetMode(0111);
      EXPECT_EQ(Mode(), mode);
    }
    ASSERT_TRUE(Exists());
    unlink(path_.c_str());
  }
}

TEST_F(SocketFileTest, LeavesAloneWhatCameAfterItWasRemoved) {
  const base::UniqueFd fd = Bind();
  SocketFile file(path_);
  file.Remove();
  EXPECT_FALSE(Exists());
  std::ofstream(path_) << "precious";
  file.Remove();
  EXPECT_TRUE(Exists());
}

TEST_F(SocketFileTest, SetsTheMode) {
  const base::UniqueFd fd = Bind();
  SocketFile file(path_);
  file.SetMode(0640);
  EXPECT_EQ(Mode(), 0640u);
}

TEST_F(SocketFileTest, MayBeEmpty) {
  SocketFile file;
  file.SetMode(0600);
  file.Remove();
}

}  // namespace
}  // namespace fairlead::net
