#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "dataplane/buffer/shared_block.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/event/loop_object.h"
#include "dataplane/event/mailbox.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"

namespace fairlead::event {

// Which kernel interface a loop runs on. kAuto: io_uring where the kernel allows all that the loop needs, else epoll.
enum class IoBackend { kAuto, kIoUring, kEpoll };

// What an Acceptor tells its owner, from the loop's turn.
class AcceptHandler {
 public:
  // A connection came; the descriptor (non-blocking, close-on-exec) is the handler's. `peer` is valid during the call.
  virtual void OnAccepted(int fd, const sockaddr* peer, socklen_t peer_length) = 0;
  // Accepting failed with this errno (EMFILE, ENFILE, ENOBUFS, ENOMEM): the loop pauses this acceptor and tries again
  // by itself after 100 ms. Errors of one connection alone (ECONNABORTED) are not told.
  virtual void OnAcceptError(int error) = 0;

 protected:
  ~AcceptHandler() = default;
};

// A listening socket that a loop accepts from. Owned by whoever asked for it until Close.
class Acceptor {
 public:
  // Takes what the kernel's queue still holds (through OnAccepted, during this call), then stops and closes the
  // descriptor: when this returns, the address is free (unless others hold a copy of the descriptor). Nothing is called
  // afterwards.
  virtual void Close() = 0;
  // Lets no new connection get into the kernel's queue, from now on; Close is still to be called, soon. That waits for
  // a millisecond from here for what the last handshakes lack: who closes many calls this on all of them first, so that
  // they wait together.
  virtual void Refuse() = 0;

 protected:
  ~Acceptor() = default;
};

// One thread's event loop: sockets, timers, and functions sent from other threads. The interface speaks of completions
// (start this; you are told when it ended), io_uring's own shape; the epoll backend does the work itself when the
// kernel says that it can be done. All calls but mailbox().Post on the loop's own thread. Lives as long as that thread.
class Loop {
 public:
  // Errors: UNAVAILABLE with what the kernel refused, for kIoUring; kAuto then falls back to epoll.
  static absl::StatusOr<std::unique_ptr<Loop>> Create(IoBackend backend);

  virtual ~Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Takes over a connected non-blocking stream descriptor.
  virtual Socket* Adopt(int fd, SocketHandler* handler) = 0;
  // Takes over an unconnected non-blocking stream descriptor and connects it: `handler` hears OnConnected. The address
  // need not outlive the call. Close before OnConnected gives up.
  virtual Socket* Connect(int fd, const sockaddr* address, socklen_t length, SocketHandler* handler) = 0;
  // Takes over a listening non-blocking descriptor and accepts from it until Acceptor::Close.
  virtual Acceptor* Accept(int fd, AcceptHandler* handler) = 0;

  // For sockets that stand on others. Has `object` called later in this turn, or in the next where this one has run
  // enough, never from inside this call.
  virtual void AddReady(LoopObject* object) = 0;
  // Frees a closed object at the end of the turn. Once is enough, twice does no harm.
  virtual void Retire(LoopObject* object) = 0;

  // One turn: waits for events up to the next timer (not at all when `wait` is false), then delivers completions, due
  // timers, and last functions posted to the mailbox (so that these run between the events of two turns). Neither a
  // socket nor a listener can keep others from their share of a turn.
  virtual void RunOnce(bool wait) = 0;
  // Turns until Stop is called (from a handler, timer or posted function).
  void Run();
  void Stop() { stopped_ = true; }

  // The name of the backend: "io_uring" or "epoll".
  virtual const char* name() const = 0;
  // Milliseconds of the monotonic clock, as of this turn.
  uint64_t now_ms() const { return timers_.now_ms(); }
  // The same moment in microseconds, for measuring: no clock is read again.
  uint64_t now_us() const { return now_us_; }
  TimerWheel& timers() { return timers_; }
  buffer::BlockPool& blocks() { return blocks_; }
  // Where sockets put what they receive, or what they make of it, many into one block.
  buffer::SharedBlock& received() { return received_; }
  // Descriptors of this number and above are for others. Since the kernel gives the lowest that is free, one that is
  // not below says that there are hardly any left. Default: none are.
  void set_descriptor_ceiling(int ceiling) { descriptor_ceiling_ = ceiling; }
  int descriptor_ceiling() const { return descriptor_ceiling_; }
  // From an eighth (8 or more) below that acceptors pause, as if the kernel had no more (EMFILE), until there are: what
  // is between is for connections to servers, so that clients that take all they can get are still served, a few at a
  // time, and not all of them refused.
  int accept_ceiling() const { return descriptor_ceiling_ - std::max(descriptor_ceiling_ / 8, 8); }
  // For other threads: functions to run on this loop.
  Mailbox& mailbox() { return mailbox_; }

 protected:
  Loop() = default;

  buffer::BlockPool blocks_;
  buffer::SharedBlock received_{blocks_};
  TimerWheel timers_;
  Mailbox mailbox_;
  uint64_t now_us_ = 0;
  bool stopped_ = false;
  int descriptor_ceiling_ = INT_MAX;
};

}  // namespace fairlead::event
