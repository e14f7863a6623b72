#include "dataplane/event/io_uring_socket.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fairlead::event {
namespace {

// On a busy machine a socket was seen to be woken without room for 30 ms on end: trying again and again at once would
// take all of the processor.
constexpr long long kDelayNs = 1'000'000;

}  // namespace

// Idle connections are many.
static_assert(sizeof(IoUringSocket) <= 80);

IoUringSocket::IoUringSocket(IoUringLoop& loop, int fd, SocketHandler* handler) : Socket(fd, handler), loop_(loop) {}

IoUringSocket::IoUringSocket(IoUringLoop& loop, int fd, SocketHandler* handler, const sockaddr* address,
                             socklen_t length)
    : Socket(fd, handler), loop_(loop), connection_(Connection::kRequested) {
  if (address->sa_family == AF_UNIX) {
    // Never takes time by itself, so that a request would gain nothing; and where the listener's queue is full, this
    // says so (EAGAIN) and does not wait for room.
    error_ = connect(fd, address, length) == 0 ? 0 : errno;
    connection_ = Connection::kEnded;
    loop_.AddReady(this);
    return;
  }
  io_uring_sqe* request = loop_.NewRequest(this, Operation::kConnect);
  sockaddr_storage* copy = &loop_.NewMemory()->address;
  std::memcpy(copy, address, length);
  io_uring_prep_connect(request, fd, reinterpret_cast<sockaddr*>(copy), length);
  ++requests_;
}

IoUringSocket::~IoUringSocket() { close(fd_); }

bool IoUringSocket::HasNews() const {
  const auto has_seen_news = [this] { return receives_due_ > 0 || kept_ != nullptr || end_ != End::kNone; };
  if (has_seen_news()) return true;
  const bool kernel_watches = receive_requested_ && request_turn_ != loop_.turn();
  // One call for all sockets that are asked in this turn, in place of one for each.
  if (kernel_watches && loop_.may_have_more()) loop_.SeeMore();
  return has_seen_news() || ((!kernel_watches || loop_.may_have_more()) && Socket::HasNews());
}

void IoUringSocket::ResumeReceive() {
  receiving_ = true;
  if (kept_ != nullptr || end_ == End::kReached) {
    loop_.AddReady(this);
  } else {
    Receive();
  }
}

void IoUringSocket::PauseReceive() {
  receiving_ = false;
  if (loop_.blocks().lean()) CancelReceive();
}

void IoUringSocket::StartSend(const iovec* iovecs, int count) {
  io_uring_sqe* request = loop_.NewRequest(this, Operation::kSend);
  if (count == 1) {
    io_uring_prep_send(request, fd_, iovecs->iov_base, iovecs->iov_len, MSG_NOSIGNAL);
  } else {
    IoUringLoop::Memory* memory = loop_.NewMemory();
    std::copy_n(iovecs, count, memory->iovecs);
    memory->message = {};
    memory->message.msg_iov = memory->iovecs;
    memory->message.msg_iovlen = static_cast<size_t>(count);
    io_uring_prep_sendmsg(request, fd_, &memory->message, MSG_NOSIGNAL);
  }
  sending_ = true;
  ++requests_;
}

void IoUringSocket::Close(std::vector<buffer::Slice> pending) {
  closed_ = true;
  kept_ = pending.empty() ? nullptr : std::make_unique<std::vector<buffer::Slice>>(std::move(pending));
  if (receive_requested_ && !receive_cancelled_) {
    loop_.Cancel(this, Operation::kReceive);
    ++requests_;
  }
  if (sending_) {
    loop_.Cancel(this, sent_delayed_ ? Operation::kDelay : Operation::kSend);
    ++requests_;
  }
  if (connection_ == Connection::kRequested) {
    loop_.Cancel(this, Operation::kConnect);
    ++requests_;
  }
  loop_.AddClosing(this);
  RetireWhenDone();
}

void IoUringSocket::OnCompletion(Operation operation, int result, uint32_t flags) {
  // A receive has many completions, all but the last one with this flag.
  if ((flags & IORING_CQE_F_MORE) == 0) --requests_;
  switch (operation) {
    case Operation::kConnect:
      OnConnectCompleted(result);
      break;
    case Operation::kReceive:
      OnReceiveCompleted(result, flags);
      break;
    case Operation::kSend:
      OnSendCompleted(result);
      break;
    case Operation::kDelay:
      OnDelayCompleted();
      break;
    case Operation::kCancel:
      OnCancelCompleted(result);
      break;
    case Operation::kPoll:
      break;
  }
  if (closed_) RetireWhenDone();
}

void IoUringSocket::OnConnectCompleted(int result) {
  error_ = -result;
  connection_ = Connection::kEnded;
  if (!closed_) OnReady();
}

void IoUringSocket::OnReceiveCompleted(int result, uint32_t flags) {
  --receives_due_;
  if ((flags & IORING_CQE_F_MORE) == 0) receive_requested_ = receive_cancelled_ = false;
  // Also after Close, and also without bytes: the block goes back to the kernel.
  buffer::Slice bytes;
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    bytes = loop_.receive_ring().Take(flags >> IORING_CQE_BUFFER_SHIFT, static_cast<size_t>(std::max(result, 0)));
  }
  if (closed_) return;

  if (result > 0 && receiving_ && kept_ == nullptr) {
    handler_->OnReceived(std::move(bytes));
  } else if (result > 0) {
    if (kept_ == nullptr) kept_ = std::make_unique<std::vector<buffer::Slice>>();
    kept_->push_back(std::move(bytes));
    // Only now, and not when the pause began: most pauses end before anything comes. And also where the owner lets
    // bytes come again already, but pauses after each: what is kept would grow for as long as the peer sends.
    CancelReceive();
  } else if (result != -ENOBUFS && result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
    error_ = -result;
    end_ = End::kReached;
    OnReady();
  }
  if (!closed_) Receive();
}

void IoUringSocket::OnSendCompleted(int result) {
  // A send waits for room by itself, but not for ever: when it was woken 128 times and found none, a thread of the
  // kernel's own tries it, and for sendmsg on a non-blocking descriptor that is the end of it (liburing's issue 364).
  if (!closed_ && (result == -EAGAIN || result == -EINTR)) return DelaySent();
  sending_ = false;
  if (!closed_) handler_->OnSent(static_cast<size_t>(std::max(result, 0)), result < 0 ? -result : 0);
}

void IoUringSocket::DelaySent() {
  io_uring_sqe* request = loop_.NewRequest(this, Operation::kDelay);
  __kernel_timespec* delay = &loop_.NewMemory()->delay;
  *delay = {.tv_sec = 0, .tv_nsec = kDelayNs};
  io_uring_prep_timeout(request, delay, 0, 0);
  sent_delayed_ = true;
  ++requests_;
}

void IoUringSocket::OnDelayCompleted() {
  sending_ = sent_delayed_ = false;
  if (!closed_) handler_->OnSent(0, 0);
}

void IoUringSocket::OnCancelCompleted(int result) {
  if (result >= 0) return;
  // The kernel did not find the request, or was at work on it. If it still is there, bytes that come try again, or,
  // once closed, it ends with the connection.
  receive_cancelled_ = false;
  if (!closed_) return;
  const bool requested = receive_requested_ || sending_ || connection_ == Connection::kRequested;
  if (requested) EndConnection();
}

void IoUringSocket::EndConnection() {
  // A socket that is to be reset when it is closed must not end in order before: connecting to nothing resets at once.
  linger at_close{};
  socklen_t length = sizeof(at_close);
  getsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_close, &length);
  const sockaddr nothing{.sa_family = AF_UNSPEC, .sa_data = {}};
  const bool reset = at_close.l_onoff != 0 && at_close.l_linger == 0;
  if (reset && connect(fd_, &nothing, sizeof(nothing)) == 0) return;
  shutdown(fd_, SHUT_RDWR);
}

void IoUringSocket::OnReady() {
  if (connection_ == Connection::kEnded) {
    connection_ = Connection::kTold;
    if (error_ != 0) end_ = End::kTold;
    handler_->OnConnected(error_);
    if (closed_) return;
  }
  TellKept();
  if (closed_) return;
  if (end_ == End::kReached && receiving_ && kept_ == nullptr) {
    end_ = End::kTold;
    handler_->OnReceiveEnd(error_);
    return;
  }
  Receive();
}

void IoUringSocket::Receive() {
  if (!receiving_ || receive_requested_ || kept_ != nullptr || end_ != End::kNone || connection_ != Connection::kTold) {
    return;
  }
  io_uring_sqe* request = loop_.NewRequest(this, Operation::kReceive);
  // Where memory gets short, a block at a time: the owner may pause before the next.
  if (loop_.blocks().lean()) {
    io_uring_prep_recv(request, fd_, nullptr, 0, 0);
  } else {
    io_uring_prep_recv_multishot(request, fd_, nullptr, 0, 0);
    // `optlen`, as later headers call this member.
    request->file_index = loop_.receive_limit();
  }
  request->flags |= IOSQE_BUFFER_SELECT;
  request->buf_group = ReceiveRing::kGroup;
  receive_requested_ = true;
  request_turn_ = loop_.turn();
  ++requests_;
}

void IoUringSocket::CancelReceive() {
  if (!receive_requested_ || receive_cancelled_) return;
  loop_.Cancel(this, Operation::kReceive);
  receive_cancelled_ = true;
  ++requests_;
}

void IoUringSocket::TellKept() {
  if (kept_ == nullptr || !receiving_) return;
  std::unique_ptr<std::vector<buffer::Slice>> kept = std::move(kept_);
  size_t told = 0;
  while (told < kept->size() && receiving_) {
    handler_->OnReceived(std::move((*kept)[told++]));
    if (closed_) return;
  }
  if (told == kept->size()) return;
  kept->erase(kept->begin(), kept->begin() + static_cast<ptrdiff_t>(told));
  kept_ = std::move(kept);
}

void IoUringSocket::RetireWhenDone() {
  if (requests_ > 0) return;
  loop_.RemoveClosing(this);
  loop_.Retire(this);
}

}  // namespace fairlead::event
