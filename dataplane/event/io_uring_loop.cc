#include "dataplane/event/io_uring_loop.h"

#include <poll.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dataplane/event/acceptor_base.h"
#include "dataplane/event/end_of_stream_probe.h"
#include "dataplane/event/io_uring_socket.h"
#include "dataplane/event/receive_limit_probe.h"

namespace fairlead::event {
namespace {

constexpr uint64_t kOperationMask = 7;
static_assert(alignof(IoUringObject) > kOperationMask);

uint64_t UserData(IoUringObject* object, Operation operation) {
  return reinterpret_cast<uint64_t>(object) | static_cast<uint64_t>(operation);
}

// Asks once, accepts what is there, and asks again: a poll finds at once what a turn has left in the queue.
class IoUringAcceptor final : public AcceptorBase, public IoUringObject {
 public:
  IoUringAcceptor(IoUringLoop& loop, int fd, AcceptHandler* handler) : AcceptorBase(fd, handler, loop), loop_(loop) {
    loop_.AddReady(this);
  }

  void OnReady() override { Start(); }

  void OnCompletion(Operation operation, int, uint32_t) override {
    --requests_;
    if (operation == Operation::kPoll) polling_ = false;
    if (closed_) {
      RetireWhenDone();
    } else if (AcceptSome()) {
      Watch();
    }
  }

 private:
  bool Watch() override {
    io_uring_prep_poll_add(loop_.NewRequest(this, Operation::kPoll), fd(), POLLIN);
    polling_ = true;
    ++requests_;
    return true;
  }
  void Unwatch() override {
    if (!polling_) return;
    loop_.Cancel(this, Operation::kPoll);
    ++requests_;
    // The poll holds the socket open. Another thread may listen on the address as soon as it is closed.
    loop_.Flush();
  }
  void OnClosed() override {
    closed_ = true;
    loop_.AddClosing(this);
    RetireWhenDone();
  }
  void RetireWhenDone() {
    if (requests_ > 0) return;
    loop_.RemoveClosing(this);
    loop_.Retire(this);
  }

  IoUringLoop& loop_;
  int requests_ = 0;  // whose completions are still to come
  bool polling_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Loop>> IoUringLoop::Create() {
  // One to try the kernel with, which makes this thread its own, and the one that is asked for.
  IoUringLoop trial(Sizes{.requests = 8, .completions = 16, .blocks = 2});
  if (absl::Status status = trial.Initialize(); !status.ok()) return status;
  if (!ReceivesWithLimit(trial)) trial.receive_limit_ = 0;
  if (absl::Status status = ProbeEndOfStream(trial); !status.ok()) return status;
  std::unique_ptr<IoUringLoop> loop(new IoUringLoop(Sizes{.requests = 256, .completions = 2048, .blocks = 128}));
  loop->receive_limit_ = trial.receive_limit_;
  if (absl::Status status = loop->Initialize(); !status.ok()) return status;
  return loop;
}

absl::Status IoUringLoop::Initialize() {
  const auto unavailable = [](const char* what, int error) {
    return absl::UnavailableError(absl::StrCat(
        what, ": ", std::strerror(error),
        " (needs Linux 6.1, permission to use io_uring, and 50 KiB of locked memory for each loop: RLIMIT_MEMLOCK)"));
  };
  if (mailbox_.fd() < 0) return unavailable("eventfd", errno);
  io_uring_params params = {};
  params.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = sizes_.completions;
  if (const int result = io_uring_queue_init_params(sizes_.requests, &ring_, &params); result < 0) {
    return unavailable("io_uring_setup", -result);
  }
  initialized_ = true;
  if (const int result = receive_ring_.Register(&ring_); result < 0) return unavailable("provided buffers", -result);
  ReadMailbox();
  return absl::OkStatus();
}

IoUringLoop::~IoUringLoop() {
  if (initialized_) io_uring_queue_exit(&ring_);
  // The kernel has let go of them. They may still be in the list of work put off.
  for (IoUringObject* object : closing_) Retire(object);
}

Socket* IoUringLoop::Adopt(int fd, SocketHandler* handler) { return new IoUringSocket(*this, fd, handler); }

Socket* IoUringLoop::Connect(int fd, const sockaddr* address, socklen_t length, SocketHandler* handler) {
  return new IoUringSocket(*this, fd, handler, address, length);
}

Acceptor* IoUringLoop::Accept(int fd, AcceptHandler* handler) { return new IoUringAcceptor(*this, fd, handler); }

io_uring_sqe* IoUringLoop::NewRequest(IoUringObject* object, Operation operation) {
  io_uring_sqe* request;
  while ((request = io_uring_get_sqe(&ring_)) == nullptr) Submit();
  request->user_data = UserData(object, operation);
  return request;
}

void IoUringLoop::Cancel(IoUringObject* object, Operation operation) {
  // By user data: by descriptor, the kernel would search all requests of the ring.
  io_uring_prep_cancel64(NewRequest(object, Operation::kCancel), UserData(object, operation), 0);
}

IoUringLoop::Memory* IoUringLoop::NewMemory() {
  if (memory_used_ == memory_.size()) memory_.emplace_back();
  return &memory_[memory_used_++];
}

void IoUringLoop::NoteCompletions() {
  const bool all_submitted = io_uring_sq_ready(&ring_) == 0;
  if (all_submitted) memory_used_ = 0;
  saw_all_ = all_submitted && (*ring_.sq.kflags & IORING_SQ_CQ_OVERFLOW) == 0;
  NoteReceives();
}

void IoUringLoop::SeeMore() {
  if (!saw_all_) return;
  io_uring_get_events(&ring_);
  saw_all_ = (*ring_.sq.kflags & IORING_SQ_CQ_OVERFLOW) == 0;
  NoteReceives();
}

void IoUringLoop::NoteReceives() {
  const unsigned end = *ring_.cq.khead + io_uring_cq_ready(&ring_);
  for (; noted_ != end; ++noted_) {
    const uint64_t user_data = ring_.cq.cqes[noted_ & ring_.cq.ring_mask].user_data;
    auto* object = reinterpret_cast<IoUringObject*>(user_data & ~kOperationMask);
    const auto operation = static_cast<Operation>(user_data & kOperationMask);
    if (object != nullptr && operation == Operation::kReceive) ++object->receives_due_;
  }
}

void IoUringLoop::Start() {
  if (started_) return;
  started_ = true;
  // As io_uring_enable_rings does, which liburing 2.3 forgot to export.
  io_uring_register(ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  // Spares each call the look-up of the descriptor; where it fails, nothing is lost.
  io_uring_register_ring_fd(&ring_);
}

void IoUringLoop::ReadMailbox() {
  io_uring_prep_read(NewRequest(nullptr, Operation::kReceive), mailbox_.fd(), &wake_ups_, sizeof(wake_ups_), 0);
}

void IoUringLoop::Submit() {
  Start();
  io_uring_submit_and_get_events(&ring_);
  NoteCompletions();
}

void IoUringLoop::Flush() {
  // Before the first turn the kernel knows of no request.
  if (!started_) return;
  // Each call does a bounded part of the work; the bound here is for a kernel that always finds more.
  for (int i = 0; i < 64; ++i) {
    Submit();
    if ((*ring_.sq.kflags & IORING_SQ_TASKRUN) == 0) return;
  }
}

void IoUringLoop::Wait(uint64_t timeout_ms) {
  ++turn_;
  if (timeout_ms == 0) {
    Submit();
    return;
  }
  Start();
  __kernel_timespec timeout = {};
  timeout.tv_sec = static_cast<int64_t>(timeout_ms / 1000);
  timeout.tv_nsec = static_cast<int64_t>(timeout_ms % 1000 * 1'000'000);
  io_uring_cqe* first;
  // Ends without a completion at the timeout (ETIME) or on a signal (EINTR): a turn without events. What could not be
  // submitted (EAGAIN, without memory) is again in the next turn.
  [[maybe_unused]] const int result =
      io_uring_submit_and_wait_timeout(&ring_, &first, 1, timeout_ms == kForever ? nullptr : &timeout, nullptr);
  assert(result != -EEXIST && "turns on a thread that is not the loop's");
  NoteCompletions();
}

void IoUringLoop::Deliver() {
  // Those of now: handlers may submit, and so bring more, which wait for the next turn.
  unsigned count = io_uring_cq_ready(&ring_);
  unsigned head;
  io_uring_cqe* completion;
  io_uring_for_each_cqe(&ring_, head, completion) {
    if (count-- == 0) break;
    const uint64_t user_data = completion->user_data;
    const int result = completion->res;
    const uint32_t flags = completion->flags;
    io_uring_cq_advance(&ring_, 1);
    auto* object = reinterpret_cast<IoUringObject*>(user_data & ~kOperationMask);
    if (object == nullptr) {
      ReadMailbox();  // Posted functions run at the turn's end; this only ended the wait.
    } else {
      object->OnCompletion(static_cast<Operation>(user_data & kOperationMask), result, flags);
    }
  }
}

}  // namespace fairlead::event
