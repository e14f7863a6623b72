#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <thread>

namespace fairlead::origin {

// A thread for each piece of work. Of one thread, which starts them all; waits for what still runs when it is
// destroyed.
class ThreadEach {
 public:
  ThreadEach() = default;
  ~ThreadEach();
  ThreadEach(const ThreadEach&) = delete;
  ThreadEach& operator=(const ThreadEach&) = delete;

  // Runs `work` on a thread of its own; joins those that have ended since the last call.
  void Start(std::function<void()> work);

 private:
  struct Worker {
    std::atomic<bool> ended = false;
    std::thread thread;
  };

  std::list<Worker> workers_;
};

}  // namespace fairlead::origin
