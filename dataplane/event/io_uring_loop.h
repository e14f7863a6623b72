#pragma once

#include <liburing.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "dataplane/event/backend_loop.h"
#include "dataplane/event/receive_ring.h"

namespace fairlead::event {

// What a completion is of. Part of each request's user data, beside the object's address.
enum class Operation : uint8_t { kReceive, kSend, kConnect, kPoll, kDelay, kCancel };

// What completions are for.
class IoUringObject : public LoopObject {
 public:
  // `result` is bytes or a descriptor, or an errno below 0; `flags` as in io_uring_cqe.
  virtual void OnCompletion(Operation operation, int result, uint32_t flags) = 0;

 protected:
  // Completions of kReceive that the loop has seen, but not delivered yet.
  uint16_t receives_due_ = 0;

 private:
  friend class IoUringLoop;
};

// The backend on io_uring. Requests gather in the submission queue during a turn and go to the kernel with the one
// system call that waits for completions. Needs Linux 6.1: from then on all that it uses is there.
//
// The ring serves one thread alone (IORING_SETUP_SINGLE_ISSUER), and completes requests only while that thread is
// inside the kernel for it (IORING_SETUP_DEFER_TASKRUN), never by interrupting it. It is made disabled; the thread that
// runs the first turn becomes the loop's, and until then requests wait in the queue (should they be too many for it,
// the thread that makes them is the loop's).
//
// Its queues count as locked memory of the user (RLIMIT_MEMLOCK): about 50 KiB for each loop.
class IoUringLoop final : public BackendLoop {
 public:
  static absl::StatusOr<std::unique_ptr<Loop>> Create();
  ~IoUringLoop() override;

  Socket* Adopt(int fd, SocketHandler* handler) override;
  Socket* Connect(int fd, const sockaddr* address, socklen_t length, SocketHandler* handler) override;
  Acceptor* Accept(int fd, AcceptHandler* handler) override;
  const char* name() const override { return "io_uring"; }

  // For its sockets and acceptors:

  // A request to be filled in, its user data already set. Where the queue is full, submits it.
  io_uring_sqe* NewRequest(IoUringObject* object, Operation operation);
  // Requests the end of the request that `object` made for `operation`. This has a completion of its own, kCancel.
  void Cancel(IoUringObject* object, Operation operation);
  // Submits what is requested and lets the kernel finish all that it can, without delivering completions.
  void Flush();

  // What a request points to, kept until it is submitted. Call after NewRequest, which may submit.
  struct Memory {
    union {
      msghdr message;
      sockaddr_storage address;
      __kernel_timespec delay;
    };
    iovec iovecs[Socket::kMaxIovecs];
  };
  Memory* NewMemory();

  // Whether the kernel may know of something that this loop does not: it says by a flag that there is work for it to do
  // when it is entered again. Where it has said nothing, nothing has come for any request that it knows of.
  bool may_have_more() const { return !saw_all_ || (*ring_.sq.kflags & IORING_SQ_TASKRUN) != 0; }
  // Lets the kernel do that work, without delivering completions. What comes meanwhile sets the flag again.
  void SeeMore();
  // Counts the turns: requests of an earlier one are known to the kernel, unless may_have_more().
  uint32_t turn() const { return turn_; }

  ReceiveRing& receive_ring() { return receive_ring_; }
  // How many bytes one request to receive may bring, in its many completions, before it has to be made again; 0: as
  // many as come. Where one socket's bytes come fast, the kernel fills up to 32 blocks before the loop has seen the
  // first, and an owner that pauses has them kept. Limited, a pause costs about as much memory as the owner's own mark
  // for it.
  uint32_t receive_limit() const { return receive_limit_; }

  // Objects that are closed, but that the kernel still has requests of. When the loop ends, they end with it.
  void AddClosing(IoUringObject* object) { closing_.insert(object); }
  void RemoveClosing(IoUringObject* object) { closing_.erase(object); }

 private:
  // Places in the queues, and blocks to receive into; powers of two. What finds no place is not lost: a full queue of
  // requests is submitted, and the kernel keeps completions for later.
  struct Sizes {
    unsigned requests;
    unsigned completions;
    unsigned blocks;
  };

  static constexpr uint32_t kReceiveLimit = 64 * 1024;

  explicit IoUringLoop(const Sizes& sizes) : sizes_(sizes), receive_ring_(blocks_, sizes.blocks, received()) {}
  absl::Status Initialize();
  // Makes the calling thread the loop's, if none is yet.
  void Start();
  void ReadMailbox();
  // Submits without waiting, and lets the kernel do the work that waits for this thread to be inside it.
  void Submit();
  // After each call of the kernel that submits.
  void NoteCompletions();
  void NoteReceives();
  void Wait(uint64_t timeout_ms) override;
  void Deliver() override;

  const Sizes sizes_;
  io_uring ring_ = {};
  bool initialized_ = false;
  bool started_ = false;
  uint32_t receive_limit_ = kReceiveLimit;
  uint32_t turn_ = 0;
  bool saw_all_ = false;   // all was submitted, and all completions found room
  unsigned noted_ = 0;     // the end of the completions that NoteCompletions has seen
  uint64_t wake_ups_ = 0;  // what the mailbox's eventfd says; of no interest
  ReceiveRing receive_ring_;
  std::deque<Memory> memory_;  // the first memory_used_ are taken
  size_t memory_used_ = 0;
  absl::flat_hash_set<IoUringObject*> closing_;
};

}  // namespace fairlead::event
