#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace fairlead::ctl {

// What ended a stream before its time.
enum class StreamEnd {
  kNone,
  // No answer within the command's time.
  kTimedOut,
  // Nothing at all was heard for the proxy's heartbeat timeout.
  kSilent,
  // The user pressed Ctrl-C.
  kInterrupted,
};

// Watches over a stream while the command's own thread waits in Read: sends heartbeats, and cancels the stream when the
// proxy falls silent, the time is up or the user has enough. Owned by a Connection; has a thread of its own. All
// functions from any thread.
class StreamKeeper {
 public:
  using Clock = std::chrono::steady_clock;

  struct Actions {
    // Sends a heartbeat, unless something is being sent anyway. Must not wait for the peer.
    std::function<void()> beat;
    // Ends the stream, so that the other thread's Read returns. Called at most once.
    std::function<void()> cancel;
  };

  // Starts the thread. `interrupts` is a descriptor that becomes readable when the user has enough, or -1.
  StreamKeeper(Clock::duration timeout, int interrupts, Actions actions);
  ~StreamKeeper();
  StreamKeeper(const StreamKeeper&) = delete;
  StreamKeeper& operator=(const StreamKeeper&) = delete;

  // Ends the thread; no action runs afterwards. Not from an action.
  void Stop();

  // What Hello says: a heartbeat after each `interval` in which nothing was sent, the end after `silence` in which
  // nothing was heard. Zero: never.
  void SetPace(Clock::duration interval, Clock::duration silence);
  // There is no time limit any more: the command watches.
  void LiftTimeout();

  void NoteSent();
  void NoteHeard();

  StreamEnd end() const;

 private:
  void Run();
  // Waits until something may have to be done; false if the thread is to end.
  bool Wait();
  // Does what is due; false if the stream was ended.
  bool Act();
  // The next time at which something may have to be done, if any.
  std::optional<Clock::time_point> NextTime() const;
  void Wake() const;

  const int interrupts_;
  const Actions actions_;
  // An eventfd: written when there is something new to wait for.
  const int wake_;

  mutable std::mutex mutex_;
  // Under mutex_:
  bool stopping_ = false;
  StreamEnd end_ = StreamEnd::kNone;
  std::optional<Clock::time_point> deadline_;
  Clock::duration interval_{};
  Clock::duration silence_{};
  Clock::time_point last_sent_;
  Clock::time_point last_heard_;

  std::thread thread_;
};

}  // namespace fairlead::ctl
