#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "dataplane/access_log/destination.h"
#include "dataplane/access_log/ring.h"
#include "dataplane/access_log/wake_up.h"
#include "dataplane/metrics/counter.h"

namespace fairlead::access_log {

// The thread that carries lines from the workers' rings to the destination. It sleeps while there is nothing to do, and
// for 5 ms behind each round, so that workers under load need no system call to wake it. What the destination does not
// take stays in the rings, and is tried again.
//
// Made, told what to do and destroyed on the control thread. Errors are told in words when they begin and when they are
// over, on the writer's thread.
class Writer {
 public:
  // `rings` and `wake_up` outlive the writer; it begins at once.
  Writer(std::unique_ptr<Destination> destination, std::vector<Ring*> rings, WakeUp* wake_up,
         std::function<void(std::string_view)> say);
  // Ends without another look at the rings, unless Finish was called.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Has the destination reopened before anything more is written.
  void Reopen();
  // Writes what is there, for as long as that takes but no longer than `patience`, and ends. Nothing is pushed any
  // more.
  void Finish(std::chrono::milliseconds patience);

  const metrics::Counter& written() const { return written_; }
  const metrics::Counter& unfit() const { return unfit_; }
  // Times that writing or reopening failed.
  const metrics::Counter& errors() const { return errors_; }

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kPause{5};
  static constexpr std::chrono::milliseconds kRetry{200};

  void Run();
  void ReopenDestination();
  // One round. 0 or the errno that ended it; EAGAIN when the destination is full.
  int WriteRings();
  int WriteRing(Ring* ring);
  bool RingsAreEmpty();
  void Wait(int error, bool wrote);
  void Poll(bool for_room, std::chrono::milliseconds timeout);
  void CountError(const std::string& what);
  void SayWhatIsLost();

  const std::unique_ptr<Destination> destination_;
  const std::vector<Ring*> rings_;
  WakeUp* const wake_up_;
  const std::function<void(std::string_view)> say_;
  metrics::Counter written_;
  metrics::Counter unfit_;
  metrics::Counter errors_;
  size_t first_ring_ = 0;  // where the next round begins: with the ring whose line is written in part
  bool mid_line_ = false;
  bool failing_ = false;
  std::atomic<bool> reopen_ = false;
  std::atomic<bool> finish_ = false;
  std::atomic<int64_t> deadline_ = 0;  // of Finish, in ticks of Clock
  std::thread thread_;
};

}  // namespace fairlead::access_log
