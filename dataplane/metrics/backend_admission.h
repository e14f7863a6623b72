#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/base/broadcast_log.h"
#include "dataplane/metrics/counter.h"

namespace fairlead::metrics {

// One worker's part of a backend's queue. The counters are written by that worker.
struct alignas(64) WorkerAdmission {
  static constexpr uint64_t kNobodyWaits = UINT64_MAX;

  Counter queued;           // requests that had to wait
  Counter queue_timeouts;   // of these: waited too long (503)
  Counter queue_overflows;  // found all servers at their limits and the queue full (503)
  Counter queue_wait_ms;    // that requests have waited in all
  Counter panic;            // now: 1 while health is not looked at
  Counter panic_requests;   // balanced meanwhile
  // Since when (monotonic, ms) the first in this worker's queue has waited. Written by the worker, read by the others
  // to find the one who has waited longest.
  std::atomic<uint64_t> oldest_since_ms{kNobodyWaits};
  // A message that wakes this worker is on its way. Set by the others, cleared by it.
  std::atomic<bool> wake_due{false};
};

// What all workers share of the requests that wait for a server of one backend (docs/adr/0009). Made by the control
// side when the backend first appears and shared by every revision that has it; dropped on the control side.
class BackendAdmission {
 public:
  explicit BackendAdmission(int workers) : workers_(workers), of_worker_(new WorkerAdmission[workers]) {}

  WorkerAdmission& of_worker(int index) { return of_worker_[index]; }
  const WorkerAdmission& of_worker(int index) const { return of_worker_[index]; }
  int workers() const { return workers_; }
  // Each worker decides by itself, and all of them the same within a moment.
  bool in_panic() const {
    for (int i = 0; i < workers_; ++i) {
      if (of_worker_[i].panic.value() != 0) return true;
    }
    return false;
  }

  // Requests that wait, in all workers.
  std::atomic<uint32_t> waiting{0};
  // Slots of servers that were at a limit and are so no more: for the workers that have taken them out of their
  // rotations.
  base::BroadcastLog<64> freed;

 private:
  const int workers_;
  const std::unique_ptr<WorkerAdmission[]> of_worker_;
};

}  // namespace fairlead::metrics
