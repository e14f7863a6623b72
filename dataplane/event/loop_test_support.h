#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/event/loop.h"

namespace fairlead::event::testing {

// The loop under test, once for each backend.
class LoopTest : public ::testing::TestWithParam<IoBackend> {
 protected:
  LoopTest() : loop_(*Loop::Create(GetParam())) {}

  // Runs turns until `condition` holds; a failure when it does not within ten seconds.
  void RunUntil(const std::function<bool()>& condition);
  // Runs as many turns as there is something to do right now, and a few more.
  void RunWhatIsDue();
  // Blocks of the pool that sockets and handlers hold, besides those that the loop keeps ready for receiving.
  size_t BlocksHeld() const { return loop_->blocks().blocks_in_use() - blocks_of_an_idle_loop_; }
  // Call once the loop has received something, all of which is gone again.
  void NoteBlocksOfAnIdleLoop() { blocks_of_an_idle_loop_ = loop_->blocks().blocks_in_use(); }

  std::unique_ptr<Loop> loop_;

 private:
  size_t blocks_of_an_idle_loop_ = 0;
};

// Runs the tests of a fixture derived from LoopTest on both backends.
#define INSTANTIATE_FOR_ALL_BACKENDS(fixture)                                                                     \
  INSTANTIATE_TEST_SUITE_P(                                                                                       \
      , fixture, ::testing::Values(::fairlead::event::IoBackend::kEpoll, ::fairlead::event::IoBackend::kIoUring), \
      [](const auto& info) { return info.param == ::fairlead::event::IoBackend::kEpoll ? "epoll" : "io_uring"; })

// Notes what a socket tells, and calls the hooks that are set.
class RecordingHandler final : public SocketHandler {
 public:
  void OnConnected(int error) override;
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t sent, int error) override;

  std::optional<int> connected;
  std::string received;
  int receive_count = 0;
  std::optional<int> receive_end;
  std::optional<std::pair<size_t, int>> sent;
  size_t total_sent = 0;
  // Between these marks no call of a handler may come.
  bool inside_a_call = false;

  std::function<void()> on_connected, on_received, on_receive_end, on_sent;
};

// Sends a long string, one StartSend after the other. Uses the handler's on_sent.
class StringSender {
 public:
  StringSender(Socket* socket, RecordingHandler* handler, std::string bytes);
  bool done() const { return sent_ == bytes_.size(); }

 private:
  void SendMore();

  Socket* const socket_;
  const std::string bytes_;
  size_t sent_ = 0;
};

// The other end of a socket under test: a plain descriptor that does not block.
class Peer {
 public:
  explicit Peer(int fd = -1) : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Peer& operator=(Peer&& other) noexcept;
  ~Peer() { Close(); }

  int fd() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }
  void Send(std::string_view bytes);
  // Sends until the kernel takes no more; returns how much it took.
  size_t SendUntilFull();
  // What has arrived by now, at most `limit` bytes.
  std::string Receive(size_t limit = SIZE_MAX);
  // Whether the end of the stream, or an error, is next.
  bool AtEnd();
  void ShutdownSend() { shutdown(fd_, SHUT_WR); }
  // Closes with a reset.
  void Reset();
  void Close();

 private:
  int fd_;
};

// A listening TCP socket on a loopback address of the kernel's choice.
struct TestListener {
  TestListener();
  int fd;
  sockaddr_storage address = {};
  socklen_t length = sizeof(address);
  const sockaddr* addr() const { return reinterpret_cast<const sockaddr*>(&address); }
  // A connection from outside.
  Peer Connect() const;
};

int NonBlockingTcpSocket();
// Two connected TCP sockets: a descriptor for the loop, and its peer.
std::pair<int, Peer> TcpPair();
// Makes a repeatable text of which every part can be told from the others.
std::string Pattern(size_t size);

// One socket of the loop under test and its peer.
class SocketTest : public LoopTest {
 protected:
  SocketTest();
  ~SocketTest() override;

  void Send(std::string_view bytes);
  void CloseSocket() { std::exchange(socket_, nullptr)->Close(); }
  bool Received(std::string_view bytes) const { return handler_.received == bytes; }

  Peer peer_;
  RecordingHandler handler_;
  Socket* socket_;
};
}  // namespace fairlead::event::testing
