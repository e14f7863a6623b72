#include "dataplane/event/epoll_loop.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dataplane/event/acceptor_base.h"
#include "dataplane/event/epoll_socket.h"

namespace fairlead::event {
namespace {

// Level-triggered: connections that one turn leaves in the queue are reported again in the next.
class EpollAcceptor final : public AcceptorBase, public EpollObject {
 public:
  EpollAcceptor(EpollLoop& loop, int fd, AcceptHandler* handler) : AcceptorBase(fd, handler, loop), loop_(loop) {
    loop_.AddReady(this);
  }

  void OnReady() override { Start(); }

  void OnEvents(uint32_t) override {
    if (closed_) return;
    const bool wants_more = AcceptSome();
    if (!wants_more && !closed_) loop_.Register(EPOLL_CTL_MOD, fd(), 0, this);
  }

 private:
  bool Watch() override {
    const int operation = registered_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    registered_ = loop_.Register(operation, fd(), EPOLLIN, this);
    return registered_;
  }
  void Unwatch() override { loop_.Unregister(fd()); }
  void OnClosed() override {
    closed_ = true;
    loop_.Retire(this);
  }

  EpollLoop& loop_;
  bool registered_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Loop>> EpollLoop::Create() {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return absl::UnavailableError(absl::StrCat("epoll_create1: ", std::strerror(errno)));
  std::unique_ptr<EpollLoop> loop(new EpollLoop(epoll_fd));
  if (loop->mailbox_.fd() < 0 || !loop->Register(EPOLL_CTL_ADD, loop->mailbox_.fd(), EPOLLIN | EPOLLET, nullptr)) {
    return absl::UnavailableError(absl::StrCat("no eventfd to wake the loop: ", std::strerror(errno)));
  }
  return loop;
}

EpollLoop::~EpollLoop() { close(epoll_fd_); }

Socket* EpollLoop::Adopt(int fd, SocketHandler* handler) { return new EpollSocket(*this, fd, handler); }

Socket* EpollLoop::Connect(int fd, const sockaddr* address, socklen_t length, SocketHandler* handler) {
  return new EpollSocket(*this, fd, handler, address, length);
}

Acceptor* EpollLoop::Accept(int fd, AcceptHandler* handler) { return new EpollAcceptor(*this, fd, handler); }

bool EpollLoop::Register(int operation, int fd, uint32_t events, EpollObject* object) {
  epoll_event event;
  event.events = events;
  event.data.ptr = object;
  return epoll_ctl(epoll_fd_, operation, fd, &event) == 0;
}

void EpollLoop::Unregister(int fd) { epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

void EpollLoop::Wait(uint64_t timeout_ms) {
  const int timeout = timeout_ms == kForever ? -1 : static_cast<int>(std::min<uint64_t>(timeout_ms, INT_MAX));
  // Fails with EINTR alone: a turn without events.
  event_count_ = std::max(0, epoll_wait(epoll_fd_, events_, kEventsPerTurn, timeout));
}

void EpollLoop::Deliver() {
  for (int i = 0; i < event_count_; ++i) {
    // The mailbox's event, without an object, only ends the wait. Edge-triggered, its descriptor need not be read.
    auto* object = static_cast<EpollObject*>(events_[i].data.ptr);
    if (object != nullptr) object->OnEvents(events_[i].events);
  }
}

}  // namespace fairlead::event
