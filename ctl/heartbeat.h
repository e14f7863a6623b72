#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace fairlead::ctl {

// Sends something whenever nothing was sent for an interval. Owned by a Connection; has a thread of its own, since
// sending may wait for the peer, and nothing else must wait for that. All functions from any thread.
class Heartbeat {
 public:
  using Clock = std::chrono::steady_clock;

  // Starts the thread, on which `send` runs.
  Heartbeat(Clock::duration interval, std::function<void()> send);
  // Ends the thread; waits for `send` if it is running.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // Something else was sent: the interval begins anew.
  void NoteSent();

 private:
  void Run();

  const Clock::duration interval_;
  const std::function<void()> send_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  // Under mutex_:
  bool stopping_ = false;
  Clock::time_point last_sent_ = Clock::now();

  std::thread thread_;
};

}  // namespace fairlead::ctl
