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

// Watches over a stream while the command's own thread waits in Read or Write: cancels it when the proxy falls silent,
// the time is up or the user has enough. Owned by a Connection; has a thread of its own. All functions from any thread.
class StreamLimits {
 public:
  using Clock = std::chrono::steady_clock;

  // Starts the thread. `interrupts` is a descriptor that becomes readable when the user has enough, or -1. `cancel` is
  // called at most once, on the thread; afterwards the stream's Read and Write return.
  StreamLimits(Clock::duration timeout, int interrupts, std::function<void()> cancel);
  ~StreamLimits();
  StreamLimits(const StreamLimits&) = delete;
  StreamLimits& operator=(const StreamLimits&) = delete;

  // Ends the thread; nothing is cancelled afterwards. Not from `cancel`.
  void Stop();

  // The proxy must be heard at least this often.
  void SetSilence(Clock::duration silence);
  void NoteHeard();
  // There is no time limit any more: the command watches.
  void LiftTimeout();

  // Why the stream was cancelled, if it was.
  StreamEnd end() const;

 private:
  void Run();
  // Waits until something may have to be done; false if the thread is to end.
  bool Wait();
  // Under mutex_: the next time at which a limit is reached.
  std::optional<Clock::time_point> NextLimit() const;
  // Under mutex_: which limit is reached.
  StreamEnd ReachedLimit() const;
  void Wake() const;

  const int interrupts_;
  const std::function<void()> cancel_;
  // An eventfd: written when there is something new to wait for.
  const int wake_;

  mutable std::mutex mutex_;
  // Under mutex_:
  bool stopping_ = false;
  StreamEnd end_ = StreamEnd::kNone;
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::duration> silence_;
  Clock::time_point last_heard_ = Clock::now();

  std::thread thread_;
};

}  // namespace fairlead::ctl
