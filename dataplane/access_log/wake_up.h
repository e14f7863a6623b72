#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "dataplane/base/unique_fd.h"

namespace fairlead::access_log {

// How workers wake the writer: with a system call only when it sleeps, once for all of them. Owned by the writer,
// outlives the workers.
class WakeUp {
 public:
  WakeUp() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // From any thread, behind what there is to see.
  void IfAsleep() {
    if (!asleep_.load(std::memory_order_seq_cst)) return;
    if (asleep_.exchange(false, std::memory_order_relaxed)) Now();
  }
  void Now() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(fd_.get(), &one, sizeof(one));  // fails only where it is set already
  }

  // For the writer: it is going to sleep, and looks once more for work. Then, awake, it clears what woke it.
  void FallAsleep() { asleep_.store(true, std::memory_order_seq_cst); }
  void Awake() {
    asleep_.store(false, std::memory_order_relaxed);
    uint64_t count;
    [[maybe_unused]] const ssize_t size = read(fd_.get(), &count, sizeof(count));  // nothing: it woke by itself
  }
  int fd() const { return fd_.get(); }

 private:
  std::atomic<bool> asleep_ = false;
  base::UniqueFd fd_;
};

}  // namespace fairlead::access_log
