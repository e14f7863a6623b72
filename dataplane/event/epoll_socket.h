#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/event/epoll_loop.h"
#include "dataplane/event/socket.h"

namespace fairlead::event {

// A socket of the epoll backend. Sends are tried at once, and their ends delivered later in the turn; the kernel is
// asked to receive only when it has said that there is something.
class EpollSocket final : public Socket, public EpollObject {
 public:
  // A connected socket.
  EpollSocket(EpollLoop& loop, int fd, SocketHandler* handler);
  // One that connects to `address`.
  EpollSocket(EpollLoop& loop, int fd, SocketHandler* handler, const sockaddr* address, socklen_t length);

  void ResumeReceive() override;
  void PauseReceive() override { receiving_ = false; }
  void StartSend(const iovec* iovecs, int count) override;
  void ShutdownSend() override { shutdown(fd_, SHUT_WR); }
  void Close(std::vector<buffer::Slice> pending) override;

  void OnEvents(uint32_t events) override;
  void OnReady() override;

 private:
  enum class Operation : uint8_t { kNone, kConnect, kSend };

  // A send that waits for room in the kernel. Only there while it waits.
  struct BlockedSend {
    iovec iovecs[kMaxIovecs];
    int count;
  };

  bool CanReceive() const { return receiving_ && readable_ && !connecting_ && !receive_ended_; }
  // Keeps an operation's end (an errno below 0) for OnReady.
  void Finish(Operation operation, int result);
  // Sends what the kernel takes at once; false when that is nothing.
  bool TrySend(const iovec* iovecs, int count);
  // Receives a bounded number of times.
  void Receive();

  EpollLoop& loop_;
  std::unique_ptr<BlockedSend> blocked_send_;
  int result_ = 0;
  Operation finished_ = Operation::kNone;
  bool connecting_ = false;
  bool receiving_ = false;
  bool receive_ended_ = false;
  // What the kernel has announced, and no call has disproved yet.
  bool readable_ = false;
  bool writable_ = true;
  // The stream has ended, or broken: behind the last bytes there is the end to be read, which no event announces again.
  bool end_announced_ = false;
};

}  // namespace fairlead::event
