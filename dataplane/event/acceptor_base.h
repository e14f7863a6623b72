#pragma once

#include <chrono>
#include <optional>

#include "dataplane/event/loop.h"
#include "dataplane/event/timer_wheel.h"

namespace fairlead::event {

// What both backends' acceptors share: taking connections out of the kernel's queue, and the pause after an error. The
// backends tell when the queue may have something. Both use accept4 and not io_uring's accept: that one has no place
// for the address of the peer when it accepts many times, so that a second system call would be needed all the same,
// and at Close it would leave connections in completions that are still to come.
class AcceptorBase : public Acceptor {
 public:
  void Close() final;
  void Refuse() final;

 protected:
  AcceptorBase(int fd, AcceptHandler* handler, Loop& loop)
      : fd_(fd),
        handler_(handler),
        loop_(loop),
        retry_([](void* self) { static_cast<AcceptorBase*>(self)->Start(); }, this) {}
  ~AcceptorBase() = default;

  // Takes connections, a bounded number, and passes them on. Returns whether the acceptor wants to hear of more: not
  // after Close (by the handler) and not while it pauses after an error, which ends with Watch.
  bool AcceptSome();
  // Begins to watch, or pauses where that fails.
  void Start();

  // Asks to be told of connections, from now on. False, with errno, where the kernel refuses.
  virtual bool Watch() = 0;
  // Asks not to be told any more. The descriptor is still open.
  virtual void Unwatch() = 0;
  // The descriptor is closed; the object may go.
  virtual void OnClosed() = 0;

  int fd() const { return fd_; }

 private:
  // kLast: accepted, but no more than this one are to be.
  enum class Outcome { kAccepted, kLast, kRefused, kEmpty, kFailed };

  // No new connections, from now on.
  void DropSyns();
  void AcceptTheRest();
  // Of the time for the last handshakes, in milliseconds.
  int LeftForLastAcksMs() const;
  // With kFailed, errno says why.
  Outcome AcceptOne();
  void Pause(int error);
  // Whether the next descriptor will be one below the loop's ceiling.
  bool HasDescriptors() const;

  const int fd_;
  AcceptHandler* const handler_;
  Loop& loop_;
  Timer retry_;
  bool open_ = true;
  std::optional<std::chrono::steady_clock::time_point> refused_at_;
  bool short_of_descriptors_ = false;
};

}  // namespace fairlead::event
