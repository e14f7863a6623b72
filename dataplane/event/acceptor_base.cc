#include "dataplane/event/acceptor_base.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <iterator>

namespace fairlead::event {
namespace {

// Connections that one acceptor takes in a turn before others get theirs.
constexpr int kAcceptsPerTurn = 64;
constexpr uint64_t kRetryDelayMs = 100;
// How long a socket that closes waits for what its last handshakes lack, and how often for another.
constexpr int kLastAcksMs = 1;
constexpr int kLastLooks = 16;

// Whether accept4's error is one of the connection that it would have returned (accept(2), "Error handling").
bool ConcernsOneConnection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool AcceptorBase::AcceptSome() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const Outcome outcome = AcceptOne();
    if (!open_) return false;
    if (outcome == Outcome::kEmpty) return true;
    if (outcome == Outcome::kFailed) {
      Pause(errno);
      return false;
    }
    if (outcome == Outcome::kLast) {
      short_of_descriptors_ = true;
      Pause(EMFILE);
      return false;
    }
  }
  return true;
}

void AcceptorBase::Start() {
  if (short_of_descriptors_ && !HasDescriptors()) return Pause(EMFILE);
  short_of_descriptors_ = false;
  if (!Watch()) Pause(errno);
}

void AcceptorBase::Refuse() {
  loop_.timers().Cancel(&retry_);
  if (!open_ || refused_at_.has_value()) return;
  // Then the descriptor alone holds the socket. What it has in its queue when it ends is reset: nothing new may get
  // there after the last look.
  Unwatch();
  DropSyns();
  refused_at_ = std::chrono::steady_clock::now();
}

int AcceptorBase::LeftForLastAcksMs() const {
  const bool is_over = std::chrono::steady_clock::now() - *refused_at_ >= std::chrono::milliseconds(kLastAcksMs);
  return is_over ? 0 : kLastAcksMs;
}

void AcceptorBase::Close() {
  Refuse();
  AcceptTheRest();
  // Whose SYN was answered already may think that the connection stands, and be about to ask: its ACK is on the way.
  pollfd queue{.fd = fd_, .events = POLLIN, .revents = 0};
  int wait_ms = LeftForLastAcksMs();
  for (int look = 0; look < kLastLooks && open_ && poll(&queue, 1, wait_ms) == 1; ++look) {
    AcceptTheRest();
    wait_ms = kLastAcksMs;
  }
  if (!open_) return;  // A handler of these last connections closed it.
  open_ = false;
  close(fd_);
  OnClosed();
}

void AcceptorBase::AcceptTheRest() {
  while (open_) {
    const Outcome outcome = AcceptOne();
    if (outcome == Outcome::kFailed) handler_->OnAcceptError(errno);
    if (outcome == Outcome::kEmpty || outcome == Outcome::kFailed) return;
  }
}

void AcceptorBase::DropSyns() {
  // A filter that lets no SYN through. A client that is not answered tries again, a second later, and is refused then,
  // or finds whoever listens by that time. Unix sockets have no packets.
  constexpr uint32_t kFlags = 13;  // where they are in TCP's header (RFC 9293 §3.1)
  constexpr uint32_t kSyn = 0x02, kAck = 0x10;
  sock_filter no_syn[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  const sock_fprog program{.len = std::size(no_syn), .filter = no_syn};
  setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

AcceptorBase::Outcome AcceptorBase::AcceptOne() {
  sockaddr_storage peer;
  socklen_t peer_length = sizeof(peer);
  const int connection = accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &peer_length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection >= 0) {
    handler_->OnAccepted(connection, reinterpret_cast<sockaddr*>(&peer), peer_length);
    return connection < loop_.accept_ceiling() ? Outcome::kAccepted : Outcome::kLast;
  }
  if (errno == EAGAIN) return Outcome::kEmpty;
  return ConcernsOneConnection(errno) ? Outcome::kRefused : Outcome::kFailed;
}

void AcceptorBase::Pause(int error) {
  loop_.timers().Schedule(&retry_, kRetryDelayMs);
  handler_->OnAcceptError(error);
}

bool AcceptorBase::HasDescriptors() const {
  const int lowest_free = fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (lowest_free < 0) return false;
  close(lowest_free);
  return lowest_free < loop_.accept_ceiling();
}

}  // namespace fairlead::event
