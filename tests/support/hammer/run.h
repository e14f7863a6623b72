#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>

#include "tests/support/hammer/options.h"
#include "tests/support/hammer/tally.h"

namespace fairlead::hammer {

// What the clients of one run share: when to send, when to stop, and the log. Threads: any.
class Run {
 public:
  explicit Run(const Options& options);

  // Waits for the turn of the next request and returns the time when it was due; nothing: the run is over.
  std::optional<std::chrono::steady_clock::time_point> WaitForTurn();

  // Requests under way finish; no other begins.
  void Stop();

  void Log(const Outcome& outcome);
  void CountDone() { ++done_; }
  uint64_t done() const { return done_; }
  std::chrono::steady_clock::time_point begin() const { return begin_; }

 private:
  const Options& options_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::mutex stop_mutex_;
  std::condition_variable stop_condition_;
  std::atomic<bool> stopped_ = false;  // set under stop_mutex_
  std::atomic<uint64_t> begun_ = 0;
  std::atomic<uint64_t> done_ = 0;
  std::mutex log_mutex_;
  std::ofstream log_;
};

}  // namespace fairlead::hammer
