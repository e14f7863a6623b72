#include "dataplane/event/epoll_socket.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fairlead::event {
namespace {

// Idle connections are many.
static_assert(sizeof(EpollSocket) <= 80);

constexpr uint32_t kAllEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

// What one socket may receive before others get their turn: with whole blocks, 64 KiB.
constexpr int kReceivesPerTurn = 4;
// Less room than this at the end of a block is not worth a system call.
constexpr size_t kMinimumRoom = 4096;

}  // namespace

EpollSocket::EpollSocket(EpollLoop& loop, int fd, SocketHandler* handler) : Socket(fd, handler), loop_(loop) {
  if (loop_.Register(EPOLL_CTL_ADD, fd, kAllEvents, this)) return;
  // Out of memory or of watches. Broken on purpose, so that the next call on the socket tells its owner.
  shutdown(fd, SHUT_RDWR);
  readable_ = end_announced_ = true;
}

EpollSocket::EpollSocket(EpollLoop& loop, int fd, SocketHandler* handler, const sockaddr* address, socklen_t length)
    : Socket(fd, handler), loop_(loop) {
  // Registered afterwards: an unconnected socket would report itself as hung up. Being connected already is an event,
  // too.
  const bool started = connect(fd, address, length) == 0 || errno == EINPROGRESS;
  connecting_ = started && loop_.Register(EPOLL_CTL_ADD, fd, kAllEvents, this);
  if (!connecting_) Finish(Operation::kConnect, -errno);
}

void EpollSocket::ResumeReceive() {
  receiving_ = true;
  if (CanReceive()) loop_.AddReady(this);
}

void EpollSocket::StartSend(const iovec* iovecs, int count) {
  if (TrySend(iovecs, count)) return;
  blocked_send_ = std::make_unique<BlockedSend>();
  std::copy_n(iovecs, count, blocked_send_->iovecs);
  blocked_send_->count = count;
}

void EpollSocket::Close(std::vector<buffer::Slice>) {
  closed_ = true;
  blocked_send_.reset();
  loop_.Unregister(fd_);
  close(fd_);
  loop_.Retire(this);
}

void EpollSocket::OnEvents(uint32_t events) {
  if (closed_) return;  // by a handler that ran earlier in this turn
  const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  readable_ |= ended || (events & EPOLLIN) != 0;
  writable_ |= ended || (events & EPOLLOUT) != 0;
  end_announced_ |= ended;

  if (connecting_) {
    int error = 0;
    socklen_t length = sizeof(error);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
    connecting_ = false;
    Finish(Operation::kConnect, -error);
  } else if (blocked_send_ != nullptr && TrySend(blocked_send_->iovecs, blocked_send_->count)) {
    blocked_send_.reset();
  }
  if (CanReceive()) loop_.AddReady(this);
}

void EpollSocket::OnReady() {
  const int error = result_ < 0 ? -result_ : 0;
  switch (std::exchange(finished_, Operation::kNone)) {
    case Operation::kNone:
      break;
    case Operation::kConnect:
      receive_ended_ = error != 0;
      handler_->OnConnected(error);
      break;
    case Operation::kSend:
      handler_->OnSent(static_cast<size_t>(std::max(result_, 0)), error);
      break;
  }
  if (!closed_ && CanReceive()) Receive();
}

void EpollSocket::Finish(Operation operation, int result) {
  finished_ = operation;
  result_ = result;
  loop_.AddReady(this);
}

bool EpollSocket::TrySend(const iovec* iovecs, int count) {
  if (!writable_) return false;
  msghdr message = {};
  message.msg_iov = const_cast<iovec*>(iovecs);
  message.msg_iovlen = static_cast<size_t>(count);
  const ssize_t sent =
      count == 1 ? send(fd_, iovecs->iov_base, iovecs->iov_len, MSG_NOSIGNAL) : sendmsg(fd_, &message, MSG_NOSIGNAL);
  if (sent < 0) {
    writable_ = errno != EAGAIN;
    if (writable_) Finish(Operation::kSend, -errno);
    return writable_;
  }
  // Less than all: the kernel has no more room, and will announce it.
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += iovecs[i].iov_len;
  writable_ = static_cast<size_t>(sent) == size;
  Finish(Operation::kSend, static_cast<int>(sent));
  return true;
}

void EpollSocket::Receive() {
  for (int i = 0; i < kReceivesPerTurn; ++i) {
    char* room = loop_.received().Room(kMinimumRoom);
    const size_t size = loop_.received().room();
    const ssize_t received = recv(fd_, room, size, 0);
    if (received < 0 && errno == EAGAIN) {
      readable_ = false;
      return;
    }
    if (received <= 0) {
      receive_ended_ = true;
      handler_->OnReceiveEnd(received == 0 ? 0 : errno);
      return;
    }
    // After less than asked for, the kernel has no more, and will announce what comes.
    readable_ = static_cast<size_t>(received) == size || end_announced_;
    handler_->OnReceived(loop_.received().Cut(static_cast<size_t>(received)));
    if (closed_ || !CanReceive()) return;
  }
  loop_.AddReady(this);
}

}  // namespace fairlead::event
