// What the epoll backend asks of the kernel for a request: one recv and one send on each side of a proxy. Counted by
// standing between the loop and libc.

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "dataplane/event/loop_test_support.h"

namespace {

struct Calls {
  int receives = 0;
  int sends = 0;
  int changes = 0;
};
Calls calls;

}  // namespace

extern "C" {

ssize_t recv(int fd, void* data, size_t size, int flags) {
  ++calls.receives;
  return syscall(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  ++calls.sends;
  return syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  ++calls.sends;
  return syscall(SYS_sendmsg, fd, message, flags);
}
int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
  ++calls.changes;
  return static_cast<int>(syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event));
}

}  // extern "C"

namespace fairlead::event::testing {
namespace {

class EpollSystemCallsTest : public LoopTest {};
INSTANTIATE_TEST_SUITE_P(, EpollSystemCallsTest, ::testing::Values(IoBackend::kEpoll));

// Passes what it receives on to the other side.
struct Side {
  RecordingHandler handler;
  Socket* socket = nullptr;
  std::string passed_on;
};

void PassOn(Side* from, Side* to) {
  from->handler.on_received = [from, to] {
    to->passed_on = std::exchange(from->handler.received, "");
    const iovec iovec = {to->passed_on.data(), to->passed_on.size()};
    to->socket->StartSend(&iovec, 1);
  };
  from->socket->ResumeReceive();
}

TEST_P(EpollSystemCallsTest, ARequestCostsOneReceiveAndOneSendOnEachSide) {
  auto [downstream_fd, client] = TcpPair();
  auto [upstream_fd, server] = TcpPair();
  Side downstream, upstream;
  downstream.socket = loop_->Adopt(downstream_fd, &downstream.handler);
  upstream.socket = loop_->Adopt(upstream_fd, &upstream.handler);
  PassOn(&downstream, &upstream);
  PassOn(&upstream, &downstream);
  RunWhatIsDue();

  // The peers use other functions of libc.
  const auto write_all = [](const Peer& peer, const std::string& bytes) {
    ASSERT_EQ(write(peer.fd(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  };
  const auto read_all = [](const Peer& peer) {
    char bytes[100];
    return std::string(bytes, static_cast<size_t>(std::max<ssize_t>(0, read(peer.fd(), bytes, sizeof(bytes)))));
  };
  for (int i = 0; i < 100; ++i) {
    calls = {};
    write_all(client, "request");
    RunWhatIsDue();
    ASSERT_EQ(read_all(server), "request");
    write_all(server, "response");
    RunWhatIsDue();
    ASSERT_EQ(read_all(client), "response");
    ASSERT_EQ(calls.receives, 2);
    ASSERT_EQ(calls.sends, 2);
    ASSERT_EQ(calls.changes, 0);
  }
  downstream.socket->Close();
  upstream.socket->Close();
}

TEST_P(EpollSystemCallsTest, AnIdleConnectionCostsOneRegistration) {
  auto [fd, peer] = TcpPair();
  RecordingHandler handler;
  calls = {};
  Socket* socket = loop_->Adopt(fd, &handler);
  socket->ResumeReceive();
  RunWhatIsDue();
  socket->PauseReceive();
  socket->ResumeReceive();
  RunWhatIsDue();
  EXPECT_EQ(calls.changes, 1);
  EXPECT_EQ(calls.receives, 0);
  socket->Close();
}

TEST_P(EpollSystemCallsTest, TheEndOfAStreamCostsOneMoreReceive) {
  auto [fd, peer] = TcpPair();
  RecordingHandler handler;
  Socket* socket = loop_->Adopt(fd, &handler);
  socket->ResumeReceive();
  RunWhatIsDue();
  calls = {};
  ASSERT_EQ(write(peer.fd(), "last", 4), 4);
  peer.ShutdownSend();
  RunUntil([&handler = handler] { return handler.receive_end.has_value(); });
  EXPECT_EQ(calls.receives, 2);
  socket->Close();
}

}  // namespace
}  // namespace fairlead::event::testing
