#include "dataplane/net/socket_options.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

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

// A descriptor and its peer, of TCP.
std::pair<base::UniqueFd, base::UniqueFd> Pair() {
  const base::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  return {std::move(fd), base::UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK))};
}

TEST(SocketOptions, AnEndIsHeardAtOnceThoughTheDescriptorIsOpen) {
  char byte;
  const auto [fd, peer] = Pair();
  EXPECT_LT(recv(peer.get(), &byte, 1, 0), 0);
  EndNow(fd.get(), /*reset=*/false);
  EXPECT_EQ(recv(peer.get(), &byte, 1, 0), 0);

  const auto [other, its_peer] = Pair();
  EndNow(other.get(), /*reset=*/true);
  EXPECT_LT(recv(its_peer.get(), &byte, 1, 0), 0);
  EXPECT_EQ(errno, ECONNRESET);

  int unix_pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, unix_pair), 0);
  const base::UniqueFd unix_fd(unix_pair[0]), unix_peer(unix_pair[1]);
  EndNow(unix_fd.get(), /*reset=*/true);
  EXPECT_EQ(recv(unix_peer.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace fairlead::net
