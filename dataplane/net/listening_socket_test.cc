#include "dataplane/net/listening_socket.h"

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::net {
namespace {

using ::testing::HasSubstr;

Address Parsed(const std::string& text) { return Address::Parse(text).value(); }

int Option(const base::UniqueFd& fd, int level, int option) {
  int value = -1;
  socklen_t length = sizeof(value);
  getsockopt(fd.get(), level, option, &value, &length);
  return value;
}

base::UniqueFd Connect(const Address& address) {
  base::UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), address.get(), address.length()) != 0) fd.Reset();
  return fd;
}

int OpenDescriptors() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

TEST(ListenIp, GivesEachWorkerASocketOnTheSamePort) {
  const auto sockets = Listen(Parsed("127.0.0.1:0"), 4);
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  ASSERT_EQ(sockets->descriptors.size(), 4u);
  EXPECT_NE(sockets->address.port(), 0);
  std::set<int> distinct;
  for (const base::UniqueFd& fd : sockets->descriptors) {
    distinct.insert(fd.get());
    sockaddr_storage bound;
    socklen_t length = sizeof(bound);
    ASSERT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
    EXPECT_EQ(Address::FromSockaddr(reinterpret_cast<sockaddr*>(&bound), length), sockets->address);
    EXPECT_EQ(Option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
    EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(distinct.size(), 4u);
}

TEST(ListenIp, ConnectionsReachEveryWorker) {
  const auto sockets = Listen(Parsed("127.0.0.1:0"), 2);
  ASSERT_TRUE(sockets.ok());
  // Each one's chance to be missed by 100 connections is 2^-100.
  int accepted[2] = {};
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Connect(sockets->address).valid());
  for (int i = 0; i < 2; ++i) {
    while (base::UniqueFd(accept(sockets->descriptors[i].get(), nullptr, nullptr)).valid()) ++accepted[i];
  }
  EXPECT_EQ(accepted[0] + accepted[1], 100);
  EXPECT_GT(accepted[0], 0);
  EXPECT_GT(accepted[1], 0);
}

TEST(ListenIp, RefusesAnAddressThatAnotherListensOn) {
  const base::UniqueFd other(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  // Though it would share.
  ASSERT_EQ(setsockopt(other.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  const Address any = Parsed("127.0.0.1:0");
  ASSERT_EQ(bind(other.get(), any.get(), any.length()), 0);
  ASSERT_EQ(listen(other.get(), 1), 0);
  sockaddr_storage bound;
  socklen_t length = sizeof(bound);
  ASSERT_EQ(getsockname(other.get(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
  const Address taken = *Address::FromSockaddr(reinterpret_cast<sockaddr*>(&bound), length);

  const auto sockets = Listen(taken, 2);
  EXPECT_EQ(sockets.status(), absl::ErrnoToStatus(EADDRINUSE, "cannot listen on " + taken.ToString()));
  const auto everywhere = Listen(Parsed("0.0.0.0:" + std::to_string(taken.port())), 2);
  EXPECT_THAT(std::string(everywhere.status().message()), HasSubstr("Address already in use"));
}

TEST(ListenIp, RefusesItsOwnAddressTheSecondTimeAndTakesItOnceFree) {
  auto sockets = Listen(Parsed("127.0.0.1:0"), 2);
  ASSERT_TRUE(sockets.ok());
  const Address address = sockets->address;
  EXPECT_FALSE(Listen(address, 2).ok());
  // A connection of the first listener that lives on, and one that is ending.
  const base::UniqueFd client = Connect(address), ending = Connect(address);
  base::UniqueFd served;
  for (const base::UniqueFd& fd : sockets->descriptors) {
    for (int accepted; (accepted = accept(fd.get(), nullptr, nullptr)) >= 0;) served.Reset(accepted);
  }
  sockets->descriptors.clear();
  const auto again = Listen(address, 2);
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST(ListenIp, OfTwoWhoOpenAnAddressAtOnceOneAtMostHasIt) {
  int had = 0;
  for (int round = 0; round < 200; ++round) {
    auto before = Listen(Parsed("127.0.0.1:0"), 1);
    ASSERT_TRUE(before.ok());
    const Address address = before->address;
    before->descriptors.clear();
    absl::StatusOr<ListeningSockets> opened[2];
    std::atomic<int> ready = 0;
    {
      std::vector<std::jthread> threads;
      for (auto& sockets : opened) {
        threads.emplace_back([&] {
          for (++ready; ready < 2;) {
          }
          sockets = Listen(address, 4);
        });
      }
    }
    ASSERT_FALSE(opened[0].ok() && opened[1].ok()) << "in round " << round;
    if (opened[0].ok() || opened[1].ok()) ++had;
  }
  EXPECT_GT(had, 0);
}

TEST(ListenIp, Ipv6AndIpv4AreTwoListeners) {
  const auto v6 = Listen(Parsed("[::]:0"), 2);
  if (!v6.ok()) GTEST_SKIP() << v6.status();
  const auto v4 = Listen(Parsed("0.0.0.0:" + std::to_string(v6->address.port())), 2);
  EXPECT_TRUE(v4.ok()) << v4.status();
}

TEST(ListenIp, SaysWhyAnAddressCannotBeBound) {
  const auto sockets = Listen(Parsed("203.0.113.1:80"), 1);  // TEST-NET-3: nobody has it
  EXPECT_EQ(sockets.status(), absl::ErrnoToStatus(EADDRNOTAVAIL, "cannot listen on 203.0.113.1:80"));
}

TEST(ListenIp, LeavesNothingOpenAfterAnError) {
  const int before = OpenDescriptors();
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const int next = dup(0);
  close(next);
  const rlimit few = {static_cast<rlim_t>(next) + 3, limit.rlim_max};  // three of four workers
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto sockets = Listen(Parsed("127.0.0.1:0"), 4);
  setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_FALSE(sockets.ok());
  EXPECT_EQ(OpenDescriptors(), before);
}

class ListenUnix : public ::testing::Test {
 protected:
  ListenUnix() {
    std::string name = "/tmp/fairlead-XXXXXX";  // short enough for a unix path
    directory_ = mkdtemp(name.data());
    address_ = Parsed("unix:" + directory_ + "/s");
  }
  ~ListenUnix() override {
    unlink(std::string(address_.path()).c_str());
    rmdir(directory_.c_str());
  }
  mode_t Mode() const {
    struct stat status = {};
    stat(std::string(address_.path()).c_str(), &status);
    return status.st_mode & 07777;
  }

  std::string directory_;
  Address address_;
};

TEST_F(ListenUnix, WorkersShareOneSocket) {
  const auto sockets = Listen(address_, 3);
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  ASSERT_EQ(sockets->descriptors.size(), 3u);
  EXPECT_EQ(sockets->address, address_);
  ASSERT_TRUE(Connect(address_).valid());
  ASSERT_TRUE(Connect(address_).valid());
  EXPECT_TRUE(base::UniqueFd(accept(sockets->descriptors[2].get(), nullptr, nullptr)).valid());
  EXPECT_TRUE(base::UniqueFd(accept(sockets->descriptors[0].get(), nullptr, nullptr)).valid());
  for (const base::UniqueFd& fd : sockets->descriptors) {
    EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST_F(ListenUnix, TheFileHasExactlyTheModeAskedFor) {
  const mode_t before = umask(022);
  {
    const auto sockets = Listen(address_, 1);
    EXPECT_EQ(Mode(), 0600u);
  }
  const auto sockets = Listen(address_, 1, 0666);
  EXPECT_EQ(Mode(), 0666u);
  umask(before);
}

TEST_F(ListenUnix, ReplacesAFileThatNobodyListensOn) {
  {  // as a program does that is killed
    const base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(fd.get(), address_.get(), address_.length()), 0);
  }
  const auto again = Listen(address_, 2);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(Connect(address_).valid());
}

TEST_F(ListenUnix, TheFileGoesWithItsOwner) {
  {
    ASSERT_TRUE(Listen(address_, 2).ok());
  }
  EXPECT_NE(access(std::string(address_.path()).c_str(), F_OK), 0);
}

TEST_F(ListenUnix, RefusesASocketThatSomebodyListensOn) {
  const auto first = Listen(address_, 1);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Listen(address_, 1).status(), absl::ErrnoToStatus(EADDRINUSE, "cannot listen on " + address_.ToString()));
  EXPECT_TRUE(Connect(address_).valid());
}

TEST_F(ListenUnix, NeverReplacesAFileThatIsNoSocket) {
  const std::string path(address_.path());
  std::ofstream(path) << "precious";
  EXPECT_EQ(Listen(address_, 1).status(), absl::ErrnoToStatus(EADDRINUSE, "cannot listen on " + address_.ToString()));
  std::string content;
  std::ifstream(path) >> content;
  EXPECT_EQ(content, "precious");
}

TEST_F(ListenUnix, SaysWhyAPathCannotBeBound) {
  const Address address = Parsed("unix:" + directory_ + "/missing/s");
  EXPECT_EQ(Listen(address, 1).status(), absl::ErrnoToStatus(ENOENT, "cannot listen on " + address.ToString()));
}

}  // namespace
}  // namespace fairlead::net
