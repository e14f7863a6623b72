#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "dataplane/event/backend_loop.h"

namespace fairlead::event {

// What epoll's events are for.
class EpollObject : public LoopObject {
 public:
  virtual void OnEvents(uint32_t events) = 0;
};

// The backend for kernels without io_uring, or where it is forbidden. Each socket is registered once, edge-triggered,
// for all events; what it may do is remembered in the socket. So a request that arrives in one piece and is answered in
// one costs one recv and one send, besides its part of epoll_wait.
class EpollLoop final : public BackendLoop {
 public:
  static absl::StatusOr<std::unique_ptr<Loop>> Create();
  ~EpollLoop() override;

  Socket* Adopt(int fd, SocketHandler* handler) override;
  Socket* Connect(int fd, const sockaddr* address, socklen_t length, SocketHandler* handler) override;
  Acceptor* Accept(int fd, AcceptHandler* handler) override;
  const char* name() const override { return "epoll"; }

  // Registers `fd`, or changes what it is registered for (`operation` as in epoll_ctl). False where the kernel refused.
  bool Register(int operation, int fd, uint32_t events, EpollObject* object);
  // Needed before closing: another process may hold a copy of the descriptor (between fork and exec, or for good when a
  // listener was handed over), and then closing alone would leave the registration, with a pointer to a freed object.
  void Unregister(int fd);

 private:
  explicit EpollLoop(int epoll_fd) : epoll_fd_(epoll_fd) {}
  void Wait(uint64_t timeout_ms) override;
  void Deliver() override;

  static constexpr int kEventsPerTurn = 256;

  const int epoll_fd_;
  int event_count_ = 0;
  epoll_event events_[kEventsPerTurn];
};

}  // namespace fairlead::event
