#include "dataplane/net/socket_options.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fairlead::net {
namespace {

base::UniqueFd Open(const char* address) { return OpenStreamSocket(Address::Parse(address).value()).value(); }

int Option(const base::UniqueFd& fd, int level, int option) {
  int value = -1;
  socklen_t length = sizeof(value);
  getsockopt(fd.get(), level, option, &value, &length);
  return value;
}

TEST(SocketOptions, AStreamSocketFitsItsAddress) {
  EXPECT_EQ(Option(Open("127.0.0.1:1"), SOL_SOCKET, SO_DOMAIN), AF_INET);
  EXPECT_EQ(Option(Open("[::1]:1"), SOL_SOCKET, SO_DOMAIN), AF_INET6);
  EXPECT_EQ(Option(Open("unix:/x"), SOL_SOCKET, SO_DOMAIN), AF_UNIX);
  EXPECT_EQ(Option(Open("unix:/x"), SOL_SOCKET, SO_TYPE), SOCK_STREAM);
}

TEST(SocketOptions, AStreamSocketNeitherBlocksNorPassesToOtherProgramsNorDelays) {
  const base::UniqueFd fd = Open("127.0.0.1:1");
  EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST(SocketOptions, KeepAliveProbesAsTold) {
  const base::UniqueFd fd = Open("127.0.0.1:1");
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  EnableKeepAlive(fd.get(), {.idle_seconds = 33, .interval_seconds = 7, .probes = 5});
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 33);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 7);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPCNT), 5);
}

}  // namespace
}  // namespace fairlead::net
